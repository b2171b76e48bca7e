"""Progress of a consumer that a test sets: what is not found does not exist, or may still arrive."""

from shared.messaging.progress import ConsumerProgress


class FixedProgress(ConsumerProgress):
    """Progress that is settled or not, without Kafka; `processed` tells whether a command's decision is reached."""

    def __init__(self, *, is_settled: bool = True, processed: bool = True) -> None:
        super().__init__()
        self.settled, self.processed = is_settled, processed

    @property
    def is_settled(self) -> bool:
        """Whether the consumer has kept up for some seconds."""
        return self.settled

    async def has_processed(self, arrived_at: float) -> bool:
        """Decide at once."""
        del arrived_at
        return self.settled and self.processed
