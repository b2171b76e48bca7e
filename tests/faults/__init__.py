"""Fault tests: killed and frozen replicas, failing handlers, races, and servers that crash and restart."""
