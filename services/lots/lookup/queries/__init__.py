"""What lookup reads."""
