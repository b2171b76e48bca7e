"""Queries of lot lookup."""
