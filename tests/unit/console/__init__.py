"""Pure tests of the console."""
