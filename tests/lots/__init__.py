"""Integration tests of the lots service on its database."""
