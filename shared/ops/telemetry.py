"""Logging in single lines, and the metrics of all services."""

import logging
import sys
import time

from prometheus_client import Counter, Gauge, Histogram

DURATION_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

BATCHES = Counter("tracelot_batches", "Batches consumed from Kafka and processed", ["service"])
MESSAGES_HANDLED = Counter("tracelot_messages_handled", "Messages dispatched to handlers", ["service", "type"])
MESSAGES_DEDUPLICATED = Counter("tracelot_messages_deduplicated", "Redelivered messages that were ignored", ["service"])
BATCHES_RETRIED = Counter("tracelot_batches_retried", "Batches rewound after an error", ["service", "error"])
TRANSACTION_CONFLICTS = Counter(
    "tracelot_transaction_conflicts", "Transactions retried after a conflict, by SQLSTATE", ["service", "sqlstate"]
)
DEAD_LETTERS = Counter("tracelot_dead_letters", "Records stored as dead letters", ["service", "topic"])
REJECTIONS = Counter(
    "tracelot_rejections", "Violations of rejected commands and conflicting events", ["service", "code"]
)
REQUESTS_REJECTED = Counter(
    "tracelot_requests_rejected", "HTTP requests rejected without being processed", ["service", "code"]
)
MESSAGES_PUBLISHED = Counter("tracelot_messages_published", "Messages acknowledged by Kafka", ["service"])
HANDLER_DURATION = Histogram(
    "tracelot_handler_duration_seconds", "Duration of a handler call", ["service", "type"], buckets=DURATION_BUCKETS
)
TRANSACTION_DURATION = Histogram(
    "tracelot_transaction_duration_seconds",
    "Duration from BEGIN to COMMIT",
    ["service", "entrypoint"],
    buckets=DURATION_BUCKETS,
)
JOB_LAST_SUCCESS = Gauge(
    "tracelot_job_last_success_timestamp_seconds",
    "Unix time at which a job last processed all due items",
    ["service", "type"],
)
JOB_ITEMS_SKIPPED = Counter(
    "tracelot_job_items_skipped", "Due items skipped because their handler failed", ["service", "type"]
)
CONSUMER_LAG = Gauge("tracelot_consumer_lag_records", "Records not yet consumed", ["service", "topic", "partition"])
CONSUMER_AGE = Gauge(
    "tracelot_consumer_processed_age_seconds",
    "Age of the latest time until which the consumer group is known to have processed all its topics",
    ["service"],
)
OUTBOX_ROWS = Gauge("tracelot_outbox_rows", "Pending rows of the outbox", ["service"])
OUTBOX_OLDEST_AGE = Gauge(
    "tracelot_outbox_oldest_age_seconds", "Age of the oldest pending row of the outbox", ["service"]
)


class RateLimitFilter(logging.Filter):
    """Limits repeated messages of a logger, such as those of a client without a broker."""

    def __init__(self, interval: float = 30.0) -> None:
        super().__init__()
        self._interval, self._last_logged_at = interval, dict[tuple[str, str], float]()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the interval since the last equal message has passed."""
        now, message_key = time.monotonic(), (record.name, str(record.msg))
        if now - self._last_logged_at.get(message_key, -self._interval) < self._interval:
            return False
        self._last_logged_at[message_key] = now
        return True


class SingleLineFormatter(logging.Formatter):
    """Formats a record including its traceback as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """Escape line breaks."""
        return super().format(record).replace("\n", "\\n")


def configure_logging(service: str, level: str = "INFO") -> None:
    """Log to standard error in single lines with the service name."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(SingleLineFormatter(f"%(asctime)s %(levelname)s {service} %(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    rate_limit = RateLimitFilter()
    handler.addFilter(lambda record: rate_limit.filter(record) if record.name.startswith("aiokafka") else True)
    logging.getLogger("aiokafka").setLevel("WARNING")
    logging.getLogger("uvicorn.access").setLevel("WARNING")


def describe_error(error: BaseException) -> str:
    """Return the type and the first line of an error, cut to a log line."""
    return f"{type(error).__name__}: {error}".split("\n", 1)[0][:500]
