"""Service settings from environment variables: database, Kafka and tuning parameters."""

from datetime import timedelta
from functools import cache
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.scans.substitutes import require_substitute

DEFAULT_PARTITIONS = 12
BROKER_DEFAULT = -1
"""Value of a topic setting that leaves the choice to the broker."""


class KafkaSettings(BaseSettings):
    """Settings of the Kafka cluster and its topics; they apply to all services and to `tracelot topics`."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    kafka_bootstrap_servers: str = Field("localhost:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    topic_prefix: str = Field("", pattern=r"^[a-zA-Z0-9._-]{0,100}$", validation_alias="KAFKA_TOPIC_PREFIX")
    """Prefix of all topic names and consumer groups, for several installations on one cluster."""
    topic_partitions: int = Field(DEFAULT_PARTITIONS, ge=1, validation_alias="KAFKA_TOPIC_PARTITIONS")
    replication_factor: int = Field(BROKER_DEFAULT, ge=-1, validation_alias="KAFKA_REPLICATION_FACTOR")
    min_insync_replicas: int = Field(BROKER_DEFAULT, ge=-1, validation_alias="KAFKA_MIN_INSYNC_REPLICAS")

    @model_validator(mode="after")
    def _require_enough_replicas(self) -> Self:
        if 0 <= self.replication_factor < self.min_insync_replicas:
            raise ValueError("KAFKA_MIN_INSYNC_REPLICAS exceeds KAFKA_REPLICATION_FACTOR: no record could be published")
        return self

    def topic_name(self, declared_name: str) -> str:
        """Return the name of a topic on the broker."""
        return self.topic_prefix + declared_name


class WaitingSettings(BaseSettings):
    """Settings of messages that wait for their document."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    waiting_message_hours: float = Field(72, gt=0, validation_alias="WAITING_MESSAGE_HOURS")
    """Time after which a message is rejected whose document has not arrived."""


class ImportSettings(BaseSettings):
    """Settings of imports of files."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    import_retention_days: float = Field(400, gt=0, validation_alias="IMPORT_RETENTION_DAYS")
    """Days after which an import that has ended is deleted, with its rows."""


class SsccSettings(BaseSettings):
    """Settings of the serial shipping container codes (SSCC) of cartons; without a prefix cartons have none."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    company_prefix: str = Field("", pattern=r"^([0-9]{4,12})?$", validation_alias="GS1_COMPANY_PREFIX")
    extension_digit: str = Field("0", pattern=r"^[0-9]$", validation_alias="SSCC_EXTENSION_DIGIT")


@cache
def sscc_settings() -> SsccSettings:
    """Return the settings of SSCCs, as the environment of the process states them."""
    return SsccSettings()


class ScanSettings(BaseSettings):
    """Settings of scanners, which apply to all services."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    fnc1: Annotated[str, AfterValidator(require_substitute)] = Field("", validation_alias="SCANNER_FNC1")
    """What the scanners send in place of FNC1; common spellings are read without it."""


class Settings(KafkaSettings, WaitingSettings, ImportSettings, SsccSettings, ScanSettings):
    """Settings of one service, for example `SERIALS_DATABASE_URL`; Kafka and logging variables apply to all."""

    session_timeout_ms: int = Field(10_000, validation_alias="KAFKA_SESSION_TIMEOUT_MS")
    """Time after which Kafka reassigns the partitions of an unresponsive replica."""

    scheduler_interval_seconds: float = Field(60, gt=0, validation_alias="SCHEDULER_INTERVAL_SECONDS")
    """Interval of the scheduled jobs."""

    not_found_after_seconds: float = Field(5, ge=0, validation_alias="NOT_FOUND_AFTER_SECONDS")
    """Time since the consumer reached the ends of its topics after which what is unknown does not exist."""

    database_url: SecretStr
    """Connection of the login role, which can neither ALTER nor TRUNCATE."""
    migration_database_url: SecretStr | None = None
    """Connection of the database owner, for migrations only."""
    pool_size: int = 10
    log_level: str = Field("INFO", validation_alias="LOG_LEVEL")


class CountSettings(BaseSettings):
    """Settings of counts."""

    max_count_age_hours: int = Field(72, gt=0, validation_alias="MAX_COUNT_AGE_HOURS")
    """Age from which a count is rejected."""


@cache
def max_count_age() -> timedelta:
    """Return the age from which a count is rejected, as the environment of the process states it."""
    return timedelta(hours=CountSettings().max_count_age_hours)


class InvalidSettingsError(ValueError):
    """Environment variables are missing or invalid; the message names them, but not their values."""


def load_settings(service: str) -> Settings:
    """Load the settings of a service from the environment."""
    prefix = f"{service.upper()}_"
    try:
        return Settings(_env_prefix=prefix)
    except ValidationError as error:
        problems = [(str(problem["loc"][0]), problem["msg"]) for problem in error.errors(include_input=False)]
    fields = Settings.model_fields
    raise InvalidSettingsError(
        "; ".join(f"{f'{prefix}{name}'.upper() if name in fields else name}: {message}" for name, message in problems)
    )
