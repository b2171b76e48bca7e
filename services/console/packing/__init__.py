"""Packing: orders with picked items, and the cartons of one of them."""
