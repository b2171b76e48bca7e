"""Both servers as Docker containers (`TRACELOT_STACK=docker`), via testcontainers. Not tested yet."""

from testcontainers.kafka import KafkaContainer
from testcontainers.postgres import PostgresContainer

KAFKA_IMAGE, POSTGRES_IMAGE = "confluentinc/cp-kafka:8.0.0", "postgres:18"


class Containers:
    """Running containers of Kafka and PostgreSQL; `stop` removes them with their data."""

    def __init__(self) -> None:
        self._kafka = KafkaContainer(KAFKA_IMAGE).with_kraft()
        self._kafka.with_env("KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS", "0")
        self._kafka.with_env("KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS", "1000")
        self._kafka.with_env("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
        self._postgres = PostgresContainer(POSTGRES_IMAGE, driver=None)
        self._kafka.start()
        self._postgres.start()

    @property
    def bootstrap_servers(self) -> str:
        """Bootstrap servers of Kafka."""
        return str(self._kafka.get_bootstrap_server())

    @property
    def superuser_url(self) -> str:
        """PostgreSQL URL of the superuser."""
        return str(self._postgres.get_connection_url())

    def stop(self) -> None:
        """Remove both containers."""
        self._postgres.stop()
        self._kafka.stop()
