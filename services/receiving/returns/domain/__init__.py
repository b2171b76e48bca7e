"""Records and rules of customer returns."""
