"""The rules of fulfillment without a database."""
