"""Pure tests: no servers, no clock, done in seconds."""
