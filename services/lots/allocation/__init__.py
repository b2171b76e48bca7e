"""Demands for lot stock: FEFO allocation, backorders and dispatch checks (S08, S27)."""
