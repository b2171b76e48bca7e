"""Prepares running servers for the services: migrates databases and creates topics."""

import os
import subprocess
import sys
from collections.abc import Mapping

from deploy.local.children import StartError
from deploy.local.files import PROJECT
from deploy.local.stack import run_in_new_loop
from shared.ops import topics
from shared.settings import DEFAULT_PARTITIONS, KafkaSettings


def prepare(environment: Mapping[str, str], *, partitions: int = DEFAULT_PARTITIONS) -> None:
    """Migrate all databases and create topics; idempotent."""
    migrate(environment)  # before Kafka is changed: databases of another version are rejected
    settings = KafkaSettings(
        kafka_bootstrap_servers=environment["KAFKA_BOOTSTRAP_SERVERS"], topic_prefix="", topic_partitions=partitions
    )
    run_in_new_loop(topics.create(settings))


def migrate(environment: Mapping[str, str]) -> None:
    """Migrate all databases; raises with the output on failure."""
    command = [sys.executable, "-m", "shared.cli", "migrate", "all"]
    result = subprocess.run(
        command, env=os.environ | environment, cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    if result.returncode:
        raise StartError(f"Migrations failed:\n{result.stdout.decode()}{result.stderr.decode()}")
