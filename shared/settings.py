"""Service settings from environment variables: database, Kafka and tuning parameters."""

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one service, for example `SERIALS_DATABASE_URL`; Kafka and logging variables apply to all."""

    model_config = SettingsConfigDict(extra="ignore")

    kafka_bootstrap_servers: str = Field("localhost:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    session_timeout_ms: int = Field(10_000, validation_alias="KAFKA_SESSION_TIMEOUT_MS")
    """Time after which Kafka reassigns the partitions of an unresponsive replica."""

    scheduler_interval_seconds: float = Field(60, gt=0, validation_alias="SCHEDULER_INTERVAL_SECONDS")
    """Interval of the scheduled jobs."""

    database_url: SecretStr
    """Connection of the login role, which can neither ALTER nor TRUNCATE."""
    migration_database_url: SecretStr | None = None
    """Connection of the database owner, for migrations only."""
    pool_size: int = 10
    log_level: str = Field("INFO", validation_alias="LOG_LEVEL")


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
