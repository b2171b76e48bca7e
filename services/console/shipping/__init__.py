"""Shipping: shipments, what they contain, and the check before they leave."""
