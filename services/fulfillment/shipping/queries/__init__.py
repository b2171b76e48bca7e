"""Read-only queries of cartons and shipments: their content, and what is printed for them."""
