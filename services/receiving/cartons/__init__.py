"""Announced cartons and pallets with the progress of their receipt."""
