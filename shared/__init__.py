"""Code shared by all services: contracts, messaging, persistence, HTTP, inventory rules, operations."""
