"""Settings of the console from environment variables."""

from pathlib import Path

from pydantic import Field

from shared.settings import KafkaSettings

SERVICES = ("receiving", "serials", "lots", "fulfillment")
DAY_SECONDS = 86_400


class ConsoleSettings(KafkaSettings):
    """URLs of the services, folder of users and keys, and the lifetime of a session."""

    receiving_url: str = Field("http://127.0.0.1:8001", validation_alias="RECEIVING_URL")
    serials_url: str = Field("http://127.0.0.1:8002", validation_alias="SERIALS_URL")
    lots_url: str = Field("http://127.0.0.1:8003", validation_alias="LOTS_URL")
    fulfillment_url: str = Field("http://127.0.0.1:8004", validation_alias="FULFILLMENT_URL")
    folder: Path = Field(Path(".stack/auth"), validation_alias="AUTH_FOLDER")
    """Folder of the users file, of the key that signs tokens and of the one that seals sessions."""
    session_seconds: int = Field(DAY_SECONDS // 2, gt=0, validation_alias="CONSOLE_SESSION_SECONDS")
    log_level: str = Field("INFO", validation_alias="LOG_LEVEL")

    def urls(self) -> dict[str, str]:
        """Return the base URL of each service by name."""
        return {name: getattr(self, f"{name}_url") for name in SERVICES}
