"""Unit tests of the business rules of fulfillment, without a database."""
