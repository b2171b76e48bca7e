"""Queries of demands and explanations of their allocation."""
