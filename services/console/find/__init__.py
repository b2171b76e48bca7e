"""Find: a number of anything opens what it is."""
