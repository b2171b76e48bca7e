"""The live feed: names of what changed, for the pages that show it."""
