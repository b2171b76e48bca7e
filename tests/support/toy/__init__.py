"""A minimal service with one table: units are added to boxes by commands and by events of another service."""
