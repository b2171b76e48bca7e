"""Unit tests of the lots service."""
