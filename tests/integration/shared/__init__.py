"""Tests of shared code on real PostgreSQL and Kafka with a toy service."""
