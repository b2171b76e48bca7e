"""Lifecycle rules of units: pure functions from messages to transitions and violations."""
