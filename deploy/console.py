"""The console of the local stack: started after the services, with a sign-in for each role."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

from deploy import processes
from deploy.local import files
from deploy.local.stack import Stack
from deploy.processes import CONSOLE, Service
from shared.auth.roles import Role
from shared.auth.users import User, UsersFile, hash_password

PASSWORDS = "sign-ins.json"
USERS = {"view-1": Role.VIEWER, "op-7": Role.OPERATOR, "sup-2": Role.SUPERVISOR, "admin": Role.ADMIN}
"""People of the local stack and their roles."""


def add_console(stack: Stack, services: dict[str, Service]) -> None:
    """Start the console and add it to the services once it is ready."""
    make_users(Path(stack.env["AUTH_FOLDER"]))
    urls = {name: service.url for name, service in services.items()}
    console = processes.start_console(stack.env, stack.folder / "logs", urls, port=stack.ports.reserve(CONSOLE))
    services[CONSOLE] = console
    console.wait_ready()


def make_users(folder: Path) -> Mapping[str, str]:
    """Add the people with random passwords unless they exist; return the passwords by name."""
    kept = folder / PASSWORDS
    if not kept.exists():
        files.make_private_folder(folder)
        users = UsersFile(folder)
        passwords = {name: secrets.token_urlsafe(9) for name in USERS}
        for name, role in USERS.items():
            entry = User(name=name, roles=frozenset({role}), password=hash_password(passwords[name]))
            users.change(name, lambda _, entry=entry: entry)  # type: ignore[misc]
        files.write_private_json(kept, passwords)
    known: dict[str, str] = json.loads(kept.read_text())
    return known


def show_sign_ins(stack_env: Mapping[str, str], url: str) -> None:
    """Print the address of the console and a sign-in for each role."""
    print(f"\nConsole: {url}")
    for name, password in make_users(Path(stack_env["AUTH_FOLDER"])).items():
        print(f"  {USERS.get(name, ''):12} name {name:8} password {password}")
