"""Returns: what customers sent back, from the scan of a unit to the decision on it."""
