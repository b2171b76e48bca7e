"""Prepares running servers for the services: migrates databases and creates topics."""

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from deploy.local.children import StartError
from deploy.local.files import PROJECT
from deploy.local.stack import run_in_new_loop
from shared.ops import topics
from shared.settings import DEFAULT_PARTITIONS, KafkaSettings


def prepare(environment: Mapping[str, str], *, partitions: int = DEFAULT_PARTITIONS) -> None:
    """Migrate all databases and create topics; idempotent."""
    migrate(environment)  # before Kafka is changed: databases of another version are rejected
    variables: dict[str, Any] = {name: value for name, value in environment.items() if name.startswith("KAFKA_")}
    run_in_new_loop(topics.create(KafkaSettings(**variables, topic_partitions=partitions)))


def migrate(environment: Mapping[str, str]) -> None:
    """Migrate all databases; raises with the output on failure."""
    command = [sys.executable, "-m", "shared.cli", "migrate", "all"]
    result = subprocess.run(
        command, env=os.environ | environment, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if result.returncode:
        raise StartError(f"Migrations failed:\n{result.stdout.decode()}{result.stderr.decode()}")
