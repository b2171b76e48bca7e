"""Lots on its real tables."""
