"""Unit tests of the rules of the serials service."""
