"""Builders of the messages that the stock services consume."""
