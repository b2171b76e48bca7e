"""The rules of allocation: which demand gets how much of which lot, and what may leave of what was picked."""
