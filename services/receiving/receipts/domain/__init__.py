"""Records and rules of receipts."""
