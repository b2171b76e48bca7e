"""Read side: unit search, unit details, traces and reports."""
