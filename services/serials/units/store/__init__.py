"""Loads and saves units, holds, recall tracking and expiry checks."""
