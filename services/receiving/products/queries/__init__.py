"""Read queries: products, as pages and as files."""
