"""Customer returns: only what was shipped to that customer on that order, once; on hold until somebody decides."""
