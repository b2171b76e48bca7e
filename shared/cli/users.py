"""The command `tracelot user`: who may sign in."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from shared.auth.identity import describe_roles, is_subject
from shared.auth.users import User, UsersFile, hash_badge, hash_password, hash_pin, new_badge
from shared.cli.connections import fail
from shared.cli.tokens import RoleOption, signer_settings

app = typer.Typer(no_args_is_help=True, help="Add, change and disable the users who sign in.")
UserArgument = Annotated[str, typer.Argument(help="user name, as the audit names it")]
WarehouseOption = Annotated[
    list[str] | None, typer.Option("--warehouse", help="warehouse to which the user is bound; repeatable")
]


@app.command()
def add(
    user: UserArgument,
    *,
    role: RoleOption,
    name: Annotated[str, typer.Option(help="name that pages show")] = "",
    warehouse: WarehouseOption = None,
    password: Annotated[bool, typer.Option(help="ask for a password")] = False,
) -> None:
    """Add a user; badge and PIN have commands of their own."""

    def build(previous: User | None) -> User:
        if previous is not None:
            fail(f"{user} exists; see `tracelot user --help` for changes")
        return User(
            name=name or user, roles=frozenset(role), warehouses=frozenset(warehouse or ()),
            password=_ask("Password", hash_password) if password else None,
        )  # fmt: skip

    if not is_subject(user):
        raise typer.BadParameter("use 1 to 64 printable ASCII characters", param_hint="USER")
    _users().change(user, build)
    typer.echo(f"added {user}")


@app.command("list")
def list_users() -> None:
    """List the users: name, roles, warehouses, how they sign in, and whether they are disabled."""
    for user, entry in sorted(_users().read().items()):
        ways = [way for way in ("password", "badge", "pin") if getattr(entry, way)]
        state = "disabled" if entry.is_disabled else "enabled"
        warehouses = ", ".join(sorted(entry.warehouses)) or "all warehouses"
        columns = (user, entry.name, describe_roles(entry.roles), warehouses, ", ".join(ways) or "no sign-in", state)
        typer.echo("\t".join(columns))


@app.command()
def disable(user: UserArgument) -> None:
    """Disable a user: sessions end at once, and the entry stays."""
    _change(user, is_disabled=True)


@app.command()
def enable(user: UserArgument) -> None:
    """Enable a disabled user."""
    _change(user, is_disabled=False)


@app.command()
def roles(user: UserArgument, *, role: RoleOption) -> None:
    """Replace the roles of a user."""
    _change(user, roles=frozenset(role))


@app.command()
def warehouses(user: UserArgument, *, warehouse: WarehouseOption = None) -> None:
    """Replace the warehouses of a user; without any the user is bound to none."""
    _change(user, warehouses=frozenset(warehouse or ()))


@app.command()
def password(user: UserArgument) -> None:
    """Set the password of a user."""
    _change(user, password=_ask("Password", hash_password))


@app.command()
def pin(user: UserArgument) -> None:
    """Set the PIN of a user."""
    _change(user, pin=_ask("PIN", hash_pin))


@app.command()
def badge(user: UserArgument) -> None:
    """Make a new badge, whose code is shown once to be printed; the previous one ends."""
    code = new_badge()
    _change(user, badge=hash_badge(code))
    typer.echo(code)


def _users() -> UsersFile:
    return UsersFile(signer_settings().folder)


def _change(user: str, **fields: Any) -> None:
    def change(previous: User | None) -> User:
        if previous is None:
            fail(f"no user {user}; see `tracelot user list`")
        return previous.model_copy(update=fields)

    _users().change(user, change)
    typer.echo(f"changed {user}", err=True)


def _ask(kind: str, hash_secret: Callable[[str], str]) -> str:
    secret: str = typer.prompt(kind, hide_input=True, confirmation_prompt=True)
    try:
        return hash_secret(secret)
    except ValueError as error:
        fail(str(error))
