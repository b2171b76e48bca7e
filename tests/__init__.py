"""Everything that must hold, shown on real Kafka and PostgreSQL."""
