"""Lots, looked up: what there is and where, what expires, what moved, where from and where to (S29, S42-S44, S46)."""
