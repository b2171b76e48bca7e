"""The command `tracelot token`: API tokens of integrators and devices."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from pydantic import ValidationError

from shared.auth.identity import describe_roles, is_subject
from shared.auth.roles import Role
from shared.auth.settings import SignerSettings
from shared.auth.signer import Signer
from shared.auth.tokens import IssuedToken, TokenList
from shared.cli.connections import fail
from shared.settings import InvalidSettingsError

app = typer.Typer(no_args_is_help=True, help="Issue, list and revoke the API tokens of integrators and devices.")
RoleOption = Annotated[list[Role], typer.Option("--role", help="role; repeatable")]


def signer_settings() -> SignerSettings:
    """Return the folder of sign-in; raises if `AUTH_FOLDER` does not name it."""
    try:
        return SignerSettings()
    except ValidationError:
        raise InvalidSettingsError("AUTH_FOLDER: name the folder with users, tokens and signing key") from None


@app.command()
def issue(
    subject: Annotated[str, typer.Argument(help="system or device, as the audit names it")],
    *,
    role: RoleOption,
    days: Annotated[int, typer.Option(help="days until it expires", min=1, max=3650)] = 365,
) -> None:
    """Issue a token, which is shown once and stored nowhere."""
    if not is_subject(subject):
        raise typer.BadParameter("use 1 to 64 printable ASCII characters", param_hint="SUBJECT")
    folder = signer_settings().folder
    token = TokenList(folder).issue(Signer.open(folder), subject, role, timedelta(days=days), datetime.now(UTC))
    typer.echo(token)


@app.command("list")
def list_tokens() -> None:
    """List all issued tokens: id, subject, roles, expiry and state."""
    now = datetime.now(UTC)
    for token in TokenList(signer_settings().folder).read():
        roles = describe_roles(token.roles)
        typer.echo(f"{token.token_id}\t{token.subject}\t{roles}\t{token.expires_at:%Y-%m-%d}\t{_state_of(token, now)}")


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="id of a token, or a subject for all of its tokens")],
) -> None:
    """Revoke tokens; services on this folder refuse them within a second."""
    revoked = TokenList(signer_settings().folder).revoke(name, datetime.now(UTC))
    if not revoked:
        fail(f"no valid token has the id or subject {name}; see `tracelot token list`")
    for token in revoked:
        typer.echo(f"revoked {token.token_id} of {token.subject}")


def _state_of(token: IssuedToken, now: datetime) -> str:
    if token.revoked_at is not None:
        return "revoked"
    return "valid" if token.expires_at > now else "expired"
