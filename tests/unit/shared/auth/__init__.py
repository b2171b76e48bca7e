"""Tests of roles, tokens and users."""
