"""Pure tests without servers; they finish within seconds."""
