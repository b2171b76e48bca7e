"""Tests of the local stack and what stands on it."""
