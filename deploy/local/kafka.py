"""Local Apache Kafka: jars from Maven, KRaft nodes on 127.0.0.1; the first node is also the controller.

The settings speed up joins, failure detection and restarts of a development broker without weakening guarantees.
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
STARTED_MARKER = b"Kafka Server started"

SETTINGS = {
    "controller.listener.names": "CONTROLLER",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "8",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "auto.create.topics.enable": "false",
    "message.max.bytes": "4194304",  # upstream topics allow records of up to 4 MiB
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # a killed broker can restart only after the end of its session
    "broker.session.timeout.ms": "1500",
    "broker.heartbeat.interval.ms": "250",
    "num.recovery.threads.per.data.dir": "4",
}


def fetch_libraries() -> None:
    """Download the jars of the broker into the stack folder, once per version of the POM; another process waits."""
    LIBRARIES.parent.mkdir(parents=True, exist_ok=True)
    with files.lock(LIBRARIES.with_name("lock")):
        _fetch_missing_libraries()


def _fetch_missing_libraries() -> None:
    installed_pom = LIBRARIES.with_name("pom.xml")
    if installed_pom.exists() and installed_pom.read_bytes() == POM.read_bytes():
        return
    print("Downloading Apache Kafka with Maven …", flush=True)
    shutil.rmtree(LIBRARIES, ignore_errors=True)
    maven = ["mvn", "-B", "-q", "-Dstyle.color=never", "-f", str(POM), "dependency:copy-dependencies"]
    if subprocess.run([*maven, f"-DoutputDirectory={LIBRARIES}"], check=False, stdin=subprocess.DEVNULL).returncode:
        raise children.StartError("Downloading Kafka with Maven failed; see the output above")
    shutil.copyfile(POM, installed_pom)


def java_command() -> str:
    """Return the Java command that Maven uses."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home, "bin", "java")) if home else "java"


class Kafka:
    """A broker with its data folder; its ports stay the same across restarts.

    A broker with `node_id` above 1 joins the cluster of node 1 through its controller port.
    """

    def __init__(
        self,
        data: Path,
        log: Path,
        port: int,
        controller_port: int,
        *,
        optimizing_compiler: bool,
        node_id: int = 1,
        cluster_id: str | None = None,
    ) -> None:
        self.data, self.log = data, log
        self.port, self.controller_port = port, controller_port
        self.node_id = node_id
        self.cluster_id = cluster_id or urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        """Cluster id of a new data folder."""
        # the optimizing compiler pays off in long runs only
        compiler = [] if optimizing_compiler else ["-XX:TieredStopAtLevel=1"]
        self.command: list[str | Path] = [
            java_command(),
            "-XX:+UseSerialGC",
            "-Xmx256m",
            *compiler,
            "-cp",
            f"{LIBRARIES}/*",
        ]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Bootstrap servers for clients."""
        return f"127.0.0.1:{self.port}"

    @property
    def is_alive(self) -> bool:
        """Whether the process is running."""
        return self.process is not None and self.process.poll() is None

    def _configure(self) -> Path:
        """Write the configuration and format a new data folder."""
        is_controller = self.node_id == 1
        controller_listener = f",CONTROLLER://127.0.0.1:{self.controller_port}" if is_controller else ""
        node = {
            "process.roles": "broker,controller" if is_controller else "broker",
            "node.id": str(self.node_id),
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port}{controller_listener}",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.data),
        }
        configuration = self.data.with_suffix(".properties")
        files.make_private_folder(self.data)
        configuration.touch(mode=0o600)
        configuration.chmod(0o600)
        configuration.write_text("".join(f"{key}={value}\n" for key, value in (SETTINGS | node).items()))
        if not (self.data / "meta.properties").exists():
            # with "=", since an id may begin with a dash
            format_arguments = [f"--cluster-id={self.cluster_id}", f"--config={configuration}"]
            tool = ["kafka.tools.StorageTool", "format", *format_arguments, "--ignore-formatted"]
            children.run([*self.command, *tool], self.log)
        return configuration

    def start(self) -> None:
        """Start the broker and wait until it accepts requests."""
        fetch_libraries()
        configuration = self._configure()
        log_size = self.log.stat().st_size if self.log.exists() else 0
        logging = f"-Dlog4j2.configurationFile={POM.with_name('log4j2.xml')}"
        self.process = children.spawn([*self.command, logging, "kafka.Kafka", configuration], self.log)

        def is_started() -> bool:
            with self.log.open("rb") as log:
                log.seek(log_size)
                return STARTED_MARKER in log.read()

        children.wait_until(is_started, self.process, self.log, 60)

    def kill(self) -> None:
        """Kill the broker, like a power failure."""
        self.stop(signal.SIGKILL)

    def stop(self, signal_number: signal.Signals = signal.SIGTERM) -> None:
        """Stop the broker, by default gracefully."""
        if self.process:
            children.stop(self.process, signal_number, 20)
            self.process = None
