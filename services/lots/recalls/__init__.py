"""Recalls: what a notice touches, where it is, whom to call, and that it all reconciles (S46)."""
