"""Loads and saves demands, and loads available units."""
