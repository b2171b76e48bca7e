"""Integration tests of the lots service with its database."""
