"""Products: names, tracking, barcodes and change log."""
