"""Reports missing prerequisites before any download: `python3 deploy/prerequisites.py [--servers]`.

Compatible with Python 3.7, so that it can report an outdated Python version.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

KAFKA_POM = Path(__file__).resolve().parents[1] / ".stack" / "kafka" / "pom.xml"


def version_of(command: list[str], pattern: str) -> tuple[int, ...]:
    """Return the version of a program, or () if it is missing or unknown."""
    if not shutil.which(command[0]):
        return ()
    result = subprocess.run(command, capture_output=True, check=False)
    match = re.search(pattern, (result.stdout + result.stderr).decode(errors="replace"))
    return tuple(int(part) for part in match.group(1).split(".")) if match else ()


def missing_prerequisites(*, servers: bool) -> list[str]:
    """List the missing prerequisites with instructions."""
    problems = []
    if sys.version_info < (3, 11):
        current = ".".join(map(str, sys.version_info[:2]))
        problems.append(f"Python 3.11 or newer (found {current}): install it, or select one: make PYTHON=python3.12 …")
    if not importlib.util.find_spec("ensurepip"):
        problems.append("Python's venv module: on Debian and Ubuntu, apt install python3-venv")
    external_servers = os.environ.get("TRACELOT_STACK") in ("docker", "external")
    if not servers or external_servers:
        return problems
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else "java"
    if version_of([java, "-version"], r'version "(\d+)') < (17,):
        problems.append("Java 17 or newer for Kafka (JAVA_HOME or java on the PATH): apt install default-jre-headless")
    if not KAFKA_POM.exists() and version_of(["mvn", "-v"], r"Apache Maven (\d+\.\d+)") < (3, 8):
        problems.append("Maven 3.8 or newer to download Kafka (mvn on the PATH): apt install maven")
    return problems


missing = missing_prerequisites(servers="--servers" in sys.argv)
for problem in missing:
    print("missing: " + problem, file=sys.stderr)
sys.exit(1 if missing else 0)
