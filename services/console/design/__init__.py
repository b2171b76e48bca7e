"""The design system: pure functions that return HTML."""
