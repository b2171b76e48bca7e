"""Rules of recalls: affected products and conditions for closing."""
