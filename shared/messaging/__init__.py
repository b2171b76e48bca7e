"""Messaging over Kafka: handlers, dispatch, batch consumer, inbox, outbox, relay, dead letters, scheduler."""
