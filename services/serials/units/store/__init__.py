"""The units in their tables: loaded under their sku's lock, written when their acts are decided."""
