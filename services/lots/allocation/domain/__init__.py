"""Rules of allocation and of dispatch checks."""
