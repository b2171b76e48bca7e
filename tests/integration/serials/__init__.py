"""Integration tests of the serials service on its own database."""
