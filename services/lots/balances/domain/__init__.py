"""Rules of lot stock: pure functions on the unit of work."""
