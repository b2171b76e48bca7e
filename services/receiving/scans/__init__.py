"""Explanation of scans: what a scanned text is, and what receiving knows by it."""
