"""Pure and fast."""
