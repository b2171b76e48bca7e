"""Typed clients of the services, one for each."""
