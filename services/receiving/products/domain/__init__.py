"""Records and rules of products."""
