"""Persistence of recalls."""
