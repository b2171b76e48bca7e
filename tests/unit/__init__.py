"""Pure and fast: no server is started for them."""
