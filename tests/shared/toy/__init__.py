"""A service of one table: units are added to boxes, by request or because another service says so."""
