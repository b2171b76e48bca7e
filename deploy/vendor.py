"""Renews the vendored browser libraries of the console from the npm registry: `python -m deploy.vendor`.

`vendor.lock` names each package with version, licence and sha512 of its archive, and each file with its sha512. The
archive of another content is refused; a test compares the files.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from deploy.local.files import PROJECT

VENDOR = PROJECT / "services" / "console" / "static" / "vendor"
LOCK = VENDOR / "vendor.lock"


def read_lock() -> list[dict[str, Any]]:
    """Read the packages of the lock file."""
    packages: list[dict[str, Any]] = json.loads(LOCK.read_text())
    return packages


def sha512(content: bytes) -> str:
    """Return the sha512 of a content as npm writes it."""
    return f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"


def fetch(package: dict[str, Any], folder: Path) -> Path:
    """Download the archive of a package with npm, and check its hash."""
    name = f"{package['name']}@{package['version']}"
    command = ["npm", "pack", name, "--pack-destination", str(folder), "--silent"]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout
    archive = folder / output.split()[-1]
    if (found := sha512(archive.read_bytes())) != package["integrity"]:
        sys.exit(f"{name}: the archive has {found}, vendor.lock expects {package['integrity']}")
    return archive


def main() -> None:
    """Write the files of all packages, and their hashes into the lock file."""
    packages = read_lock()
    with tempfile.TemporaryDirectory() as folder:
        for package in packages:
            with tarfile.open(fetch(package, Path(folder))) as archive:
                for file in package["files"]:
                    member = archive.extractfile(f"package/{file['from']}")
                    if member is None:
                        sys.exit(f"{package['name']} has no file {file['from']}")
                    content = member.read()
                    file["sha512"] = sha512(content)
                    (VENDOR / file["to"]).write_bytes(content)
    LOCK.write_text(json.dumps(packages, indent=2) + "\n")
    print(f"{sum(len(package['files']) for package in packages)} files of {len(packages)} packages written")


if __name__ == "__main__":
    main()
