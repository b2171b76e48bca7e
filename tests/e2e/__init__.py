"""End-to-end tests: the four services as real processes with real Kafka and PostgreSQL."""
