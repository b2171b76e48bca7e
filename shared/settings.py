"""What the environment tells a service: where its database and Kafka are, and the few figures an operator may turn."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One service's settings: `SERIALS_DATABASE_URL` and so on; Kafka's address is the same for all."""

    model_config = SettingsConfigDict(extra="ignore")

    kafka_bootstrap_servers: str = Field("localhost:9092", validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    session_timeout_ms: int = Field(10_000, validation_alias="KAFKA_SESSION_TIMEOUT_MS")
    """How soon Kafka gives a silent replica's partitions to another."""

    clock_seconds: float = Field(60, gt=0, validation_alias="CLOCK_SECONDS")
    """How often a service looks for what is due as time passes."""

    database_url: SecretStr
    """As the login role, which can neither ALTER nor TRUNCATE."""
    owner_url: SecretStr | None = None
    """As the owner, for migrations only."""
    pool_size: int = 10
    log_level: str = Field("INFO", validation_alias="LOG_LEVEL")


def load(service: str) -> Settings:
    """Read the settings of a service from the environment."""
    return Settings(_env_prefix=f"{service.upper()}_")
