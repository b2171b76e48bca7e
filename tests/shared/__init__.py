"""The line against real PostgreSQL and Kafka, by a service that exists for nothing else."""
