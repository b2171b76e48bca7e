"""Recalls: affected lots and serials, their locations, customer contacts and reconciliation (S46)."""
