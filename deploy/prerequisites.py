"""Says what this machine lacks before anything is downloaded: `python3 deploy/prerequisites.py [--servers]`.

Runs on whatever Python there is, so it uses nothing newer than Python 3.7.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

KAFKA = Path(__file__).resolve().parents[1] / ".stack" / "kafka" / "pom.xml"


def version_of(command: list[str], pattern: str) -> tuple[int, ...]:
    """Ask a program for its version; () where it is missing or will not say."""
    if not shutil.which(command[0]):
        return ()
    result = subprocess.run(command, capture_output=True, check=False)
    found = re.search(pattern, (result.stdout + result.stderr).decode(errors="replace"))
    return tuple(int(part) for part in found.group(1).split(".")) if found else ()


def problems(*, servers: bool) -> list[str]:
    """Name each thing that is missing, with its remedy."""
    found = []
    if sys.version_info < (3, 11):
        mine = ".".join(map(str, sys.version_info[:2]))
        found.append(f"Python 3.11 or newer (this is {mine}): install it, or name one: make PYTHON=python3.12 …")
    if not importlib.util.find_spec("ensurepip"):
        found.append("Python's venv module: on Debian and Ubuntu, apt install python3-venv")
    elsewhere = os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or os.environ.get("TRACELOT_STACK") == "docker"
    if not servers or elsewhere:
        return found
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home, "bin", "java")) if home else "java"
    if version_of([java, "-version"], r'version "(\d+)') < (17,):
        found.append("Java 17 or newer, for Kafka (JAVA_HOME or java on the PATH): apt install default-jre-headless")
    if not KAFKA.exists() and version_of(["mvn", "-v"], r"Apache Maven (\d+\.\d+)") < (3, 8):
        found.append("Maven 3.8 or newer, to fetch Kafka (mvn on the PATH): apt install maven")
    return found


missing = problems(servers="--servers" in sys.argv)
for each in missing:
    print("missing: " + each, file=sys.stderr)
sys.exit(1 if missing else 0)
