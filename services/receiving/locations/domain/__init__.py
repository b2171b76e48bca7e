"""Records and rules of warehouses and locations."""
