"""Queries of the recall pages."""
