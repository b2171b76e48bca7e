"""Integration tests of fulfillment: handler registrations, handlers and tables on a real database."""
