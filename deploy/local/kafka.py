"""Apache Kafka on this machine: jars by Maven, one KRaft node on 127.0.0.1, killed and restarted at will.

The settings make a development broker quick to join, to notice a death and to come back; they weaken no guarantee.
"""

import os
import shutil
import signal
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from deploy.local import children, files

POM = Path(__file__).resolve().parents[1] / "kafka" / "pom.xml"
LIBRARIES = files.STACK / "kafka" / "libs"
STARTED = b"Kafka Server started"

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "auto.create.topics.enable": "false",
    "message.max.bytes": "4194304",  # upstream topics allow records of 3 MB by a setting of their own
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # a killed broker's session must end before it may come back
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "250",
    "num.recovery.threads.per.data.dir": "4",
}


def fetch() -> None:
    """Bring the broker's jars into the project's folder, once per version of the pom."""
    done = LIBRARIES.with_name("pom.xml")
    if done.exists() and done.read_bytes() == POM.read_bytes():
        return
    print("Fetching Apache Kafka with Maven …", flush=True)
    shutil.rmtree(LIBRARIES, ignore_errors=True)
    LIBRARIES.parent.mkdir(parents=True, exist_ok=True)
    maven = ["mvn", "-B", "-q", "-Dstyle.color=never", "-f", str(POM), "dependency:copy-dependencies"]
    if subprocess.run([*maven, f"-DoutputDirectory={LIBRARIES}"], check=False, stdin=subprocess.DEVNULL).returncode:
        raise children.StartError("Maven could not fetch Kafka; what it said is above")
    shutil.copyfile(POM, done)


def java() -> str:
    """Find the Java that Maven would use."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", "java")) if home else "java"


class Kafka:
    """One broker with its data folder; its port stays the same from start to start of one object."""

    def __init__(self, data: Path, log: Path, *, c2: bool) -> None:
        self.data, self.log = data, log
        self.port, self.controller_port = children.free_ports(2)
        compiler = [] if c2 else ["-XX:TieredStopAtLevel=1"]  # the second compiler pays off only in a long run
        self.command: list[str | Path] = [java(), "-XX:+UseSerialGC", "-Xmx256m", *compiler, "-cp", f"{LIBRARIES}/*"]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self.port}"

    def _configure(self) -> Path:
        """Write this start's configuration, and format the data folder if it is new."""
        addresses = {
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.data),
        }
        configuration = self.data.with_suffix(".properties")
        configuration.parent.mkdir(parents=True, exist_ok=True)
        configuration.write_text("".join(f"{key}={value}\n" for key, value in (SETTINGS | addresses).items()))
        if not (self.data / "meta.properties").exists():
            cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            # with "=", for an id may begin with a dash
            named = [f"--cluster-id={cluster}", f"--config={configuration}"]
            tool = ["kafka.tools.StorageTool", "format", *named, "--ignore-formatted"]
            children.run([*self.command, *tool], self.log)
        return configuration

    def start(self) -> None:
        """Start the broker and wait until it takes requests."""
        fetch()
        configuration = self._configure()
        before = self.log.stat().st_size if self.log.exists() else 0
        logging = f"-Dlog4j2.configurationFile={POM.with_name('log4j2.xml')}"
        self.process = children.spawn([*self.command, logging, "kafka.Kafka", configuration], self.log)

        def started() -> bool:
            with self.log.open("rb") as log:
                log.seek(before)
                return STARTED in log.read()

        children.wait_until(started, self.process, self.log, 60)

    def kill(self) -> None:
        """End the broker as a power cut would."""
        self.stop(signal.SIGKILL)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the broker, orderly unless told otherwise."""
        if self.process:
            children.stop(self.process, how, 20)
            self.process = None
