"""Receiving against real servers."""
