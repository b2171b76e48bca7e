"""Recalls, read for people."""
