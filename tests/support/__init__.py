"""Helpers and pytest plugins used by several test packages."""
