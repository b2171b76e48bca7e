"""Pure tests of shared code, without servers."""
