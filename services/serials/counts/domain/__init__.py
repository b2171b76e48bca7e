"""Rules of counts and of the resolution of count discrepancies."""
