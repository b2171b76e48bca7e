"""Finding units: search, one unit with all that is known of it, and the reports."""
