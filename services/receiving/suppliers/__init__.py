"""Suppliers: how their goods are received."""
