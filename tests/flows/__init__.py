"""Whole flows over the four services, running as real processes against real Kafka and PostgreSQL."""
