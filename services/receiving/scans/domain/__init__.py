"""Rules of the explanation of scans."""
