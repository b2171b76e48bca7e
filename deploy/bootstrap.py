"""Creates the virtual environment from the lock files: `python3 deploy/bootstrap.py`; standard library only.

Packages are installed by uv, which does not read pip's configuration; indexes, certificates and proxies are passed on.
"""

import ast
import os
import subprocess
import sys
import venv
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
VENV = PROJECT / ".venv"
BOOTSTRAP = "deploy/bootstrap.txt"
LOCK_FILES = ["requirements.lock", BOOTSTRAP]

UV_VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def pip_settings(pip: Path) -> dict[str, str]:
    """Read the effective settings of pip: files, section `install`, environment."""
    output = subprocess.run([pip, "config", "list"], check=True, capture_output=True, text=True).stdout
    pairs = [line.partition("=") for line in output.splitlines() if "=" in line]
    return {
        key.removeprefix(section): str(ast.literal_eval(value))
        for section in ("global.", "install.", ":env:.")
        for key, _, value in pairs
        if key.startswith(section)
    }


def environment_for_uv(settings: dict[str, str]) -> dict[str, str]:
    """Translate pip settings to uv variables; variables set by the user take precedence."""
    translated = {
        variable: " ".join(settings[name].split()) for name, variable in UV_VARIABLES.items() if settings.get(name)
    }
    if "UV_FIND_LINKS" in translated:
        translated["UV_FIND_LINKS"] = translated["UV_FIND_LINKS"].replace(" ", ",")
    # like pip, accept a file from any index; hashes verify it
    return {"UV_INDEX_STRATEGY": "unsafe-best-match", **translated, **os.environ, "VIRTUAL_ENV": str(VENV)}


def main() -> None:
    """Recreate the virtual environment and install the locked packages."""
    venv.create(VENV, clear=True, with_pip=True)
    binary_folder = VENV / ("Scripts" if sys.platform == "win32" else "bin")
    os.chdir(PROJECT)
    pip: list[str | Path] = [binary_folder / "python", "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", BOOTSTRAP], check=True)
    variables = environment_for_uv(pip_settings(binary_folder / "pip"))
    uv: list[str | Path] = [binary_folder / "uv", "pip"]
    # Compile once here: services may run without write access to the packages.
    sync = [*uv, "sync", "--quiet", "--compile-bytecode", "--require-hashes", *LOCK_FILES]
    subprocess.run(sync, check=True, env=variables)
    install_project = [*uv, "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."]
    subprocess.run(install_project, check=True, env=variables)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"Creating the virtual environment failed: error in {Path(error.cmd[0]).name}, see above.")
