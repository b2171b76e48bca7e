"""Picking: pick lists, picks, short picks, unpicks, swaps and the effects of holds."""
