"""Demands, and the operations after which available units are allocated to them."""
