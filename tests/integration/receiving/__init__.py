"""Integration tests of receiving on real PostgreSQL and Kafka."""
