"""Logs of one line each, and the metrics that every service shows."""

import logging
import sys
import time

from prometheus_client import Counter, Gauge, Histogram

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)

BATCHES = Counter("tracelot_batches", "Batches taken from Kafka and settled", ["service"])
EVENTS = Counter("tracelot_events", "Messages handled", ["service", "type"])
DUPLICATES = Counter("tracelot_duplicates", "Messages that had been handled before", ["service"])
TAKEN_BACK = Counter("tracelot_taken_back", "Batches taken back to be tried again", ["service", "why"])
LOST_RACES = Counter("tracelot_lost_races", "Transactions decided again, by SQLSTATE", ["service", "state"])
DEAD_LETTERS = Counter("tracelot_dead_letters", "Records that could not be read", ["service", "topic"])
REFUSALS = Counter("tracelot_refusals", "Refusals and disagreements", ["service", "code"])
PUBLISHED = Counter("tracelot_published", "Messages that Kafka acknowledged", ["service"])
HANDLER = Histogram("tracelot_handler_seconds", "A handler's run", ["service", "type"], buckets=SECONDS)
TRANSACTION = Histogram("tracelot_transaction_seconds", "BEGIN to COMMIT", ["service", "edge"], buckets=SECONDS)
CLOCK_RAN = Gauge(
    "tracelot_clock_ran_seconds", "Unix time at which all that was due had been done", ["service", "type"]
)
CLOCK_PASSED_OVER = Counter("tracelot_clock_passed_over", "Due, and left over as it raised", ["service", "type"])
LAG = Gauge("tracelot_lag", "Records not yet taken", ["service", "topic", "partition"])
OUTBOX_ROWS = Gauge("tracelot_outbox_rows", "Rows that wait for the relay", ["service"])
OUTBOX_AGE = Gauge("tracelot_outbox_oldest_seconds", "Age of the oldest row that waits for the relay", ["service"])


class Sparing(logging.Filter):
    """Let a logger repeat one message only so often: a client without its broker says the same for ever."""

    def __init__(self, every: float = 30.0) -> None:
        super().__init__()
        self._every, self._said = every, dict[tuple[str, str], float]()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is time to say this again."""
        now, what = time.monotonic(), (record.name, str(record.msg))
        if now - self._said.get(what, -self._every) < self._every:
            return False
        self._said[what] = now
        return True


class OneLine(logging.Formatter):
    """A line a record, its traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        """Escape line breaks."""
        return super().format(record).replace("\n", "\\n")


def set_up_logs(service: str, level: str = "INFO") -> None:
    """Write logs to standard error, one line each, with the service's name."""
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(OneLine(f"%(asctime)s %(levelname)s {service} %(name)s %(message)s"))
    logging.basicConfig(level=level, handlers=[out], force=True)
    sparing = Sparing()
    out.addFilter(lambda record: sparing.filter(record) if record.name.startswith("aiokafka") else True)
    logging.getLogger("aiokafka").setLevel("WARNING")
    logging.getLogger("uvicorn.access").setLevel("WARNING")
