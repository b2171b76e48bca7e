"""The registry's rules."""
