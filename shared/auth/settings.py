"""Settings of sign-in: the issuers whose tokens the services accept, and the folder of the signing key."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.contracts.model import KnownFieldsModel

ISSUER = AUDIENCE = "tracelot"
"""Issuer and audience of the tokens that Tracelot signs itself."""
Algorithm = Literal["EdDSA", "ES256", "ES384", "RS256", "RS384", "RS512", "PS256"]
"""Signatures with a private key; a shared secret would let each service sign tokens."""


class IssuerSettings(KnownFieldsModel):
    """An issuer of tokens: its public keys and how its tokens are read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = Field(min_length=1)
    jwks: str = Field(min_length=1)
    """Public keys: a file, or an address that starts with `http`."""
    audience: str = AUDIENCE
    algorithms: Annotated[tuple[Algorithm, ...], Field(min_length=1)] = ("EdDSA",)
    roles: str = "roles"
    """Claim with the list of roles; a point leads into an object, as in `realm_access.roles`."""
    tokens: Path | None = None
    """List of issued API tokens, which names the revoked ones."""


class AuthSettings(BaseSettings):
    """The issuers of tokens, as JSON in `AUTH_ISSUERS`."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    issuers: tuple[IssuerSettings, ...] = Field(min_length=1, validation_alias="AUTH_ISSUERS")


class SignerSettings(BaseSettings):
    """The folder with signing key, public keys, users and issued tokens."""

    model_config = SettingsConfigDict(extra="ignore", populate_by_name=True)

    folder: Path = Field(validation_alias="AUTH_FOLDER")


def own_issuer(folder: Path) -> IssuerSettings:
    """Return the issuer whose key lies in a folder of this machine."""
    return IssuerSettings(issuer=ISSUER, jwks=str(folder / "jwks.json"), tokens=folder / "tokens.json")
