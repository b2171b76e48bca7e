"""Unit tests of receiving's rules."""
