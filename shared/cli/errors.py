"""Errors of the environment, reported by the command line in one line instead of a traceback."""

from typing import Any

import asyncpg
import typer
from aiokafka.errors import KafkaError
from typer.core import TyperGroup

from shared.persistence.urls import InvalidUrlError
from shared.settings import InvalidSettingsError

CONNECTION_ERRORS = (
    OSError,
    KafkaError,
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.CannotConnectNowError,
)
"""Errors of opening a connection; errors of statements keep their traceback."""


class ErrorReportingGroup(TyperGroup):
    """Command group that ends with exit code 1 and what to do if settings, database or Kafka are not available."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except InvalidSettingsError as error:
            typer.echo(f"check these environment variables: {error}", err=True)
        except InvalidUrlError as error:
            typer.echo(f"invalid database URL: {error}; check the variables that end in DATABASE_URL", err=True)
        except CONNECTION_ERRORS as error:
            typer.echo(
                f"{error or type(error).__name__}: check that database and Kafka are running, and the variables "
                "that end in DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS",
                err=True,
            )
        raise typer.Exit(1)
