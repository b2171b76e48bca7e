"""Makes the virtual environment from the lock files: `python3 deploy/bootstrap.py`; with the standard library alone.

uv installs what pip would, but knows nothing of pip's configuration, so it is told: indexes, certificates, proxies.
"""

import ast
import os
import subprocess
import sys
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
FOLDER = PROJECT / ".venv"
BOOTSTRAP = "deploy/bootstrap.txt"
LOCKS = ["requirements.lock", BOOTSTRAP]

FOR_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def pip_settings(pip: Path) -> dict[str, str]:
    """Read pip's effective settings: files first, then those of `pip install`, then the environment."""
    listed = subprocess.run([pip, "config", "list"], check=True, capture_output=True, text=True).stdout
    pairs = [line.partition("=") for line in listed.splitlines() if "=" in line]
    return {
        key.removeprefix(section): str(ast.literal_eval(value))
        for section in ("global.", "install.", ":env:.")
        for key, _, value in pairs
        if key.startswith(section)
    }


def environment_for_uv(settings: dict[str, str]) -> dict[str, str]:
    """Translate pip's settings; what the user set for uv itself wins."""
    told = {variable: " ".join(settings[name].split()) for name, variable in FOR_UV.items() if settings.get(name)}
    if "UV_FIND_LINKS" in told:
        told["UV_FIND_LINKS"] = told["UV_FIND_LINKS"].replace(" ", ",")
    # like pip, take a file from any index that has it: its hash says that it is the right one
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **told, **os.environ, "VIRTUAL_ENV": str(FOLDER)}


def main() -> None:
    """Make the folder anew, then bring it to the locks."""
    venv.create(FOLDER, clear=True, with_pip=True)
    programs = FOLDER / ("Scripts" if sys.platform == "win32" else "bin")
    os.chdir(PROJECT)
    pip: list[str | Path] = [programs / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", BOOTSTRAP], check=True)
    variables = environment_for_uv(pip_settings(programs / "pip"))
    uv: list[str | Path] = [programs / "uv", "pip"]
    # Compiled once here, not at each start of a service where Python may not write beside its packages.
    sync = [*uv, "sync", "--quiet", "--compile-bytecode", "--require-hashes", *LOCKS]
    subprocess.run(sync, check=True, env=variables)
    itself = [*uv, "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."]
    subprocess.run(itself, check=True, env=variables)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"The virtual environment could not be made: {Path(error.cmd[0]).name} failed, see above.")
