"""Allocation rules: which available unit goes to which demand."""
