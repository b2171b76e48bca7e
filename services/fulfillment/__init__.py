"""Orders, picking, packing, shipments and dispatch; it never reads stock, it asks."""
