"""Picking: the pick list, picks, short picks, unpicks, exchanges; what a hold means for an order."""
