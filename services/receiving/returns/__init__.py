"""Customer returns of shipped items; on hold until their disposition."""
