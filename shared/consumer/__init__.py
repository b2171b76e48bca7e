"""All Kafka policy: from records to settled transactions, whatever fails on the way."""

from shared.consumer.line import Line

__all__ = ["Line"]
