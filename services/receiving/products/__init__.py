"""Products: what they are called, how they are tracked, which barcodes mean them, and who changed it."""
