"""Which tokens are accepted, of which issuer, and when."""

import asyncio
import json
import stat
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from shared.auth.identity import Identity
from shared.auth.keys import FetchedKeys, KeysUnavailableError
from shared.auth.roles import Role
from shared.auth.settings import IssuerSettings, own_issuer
from shared.auth.signer import KEY_FILE, Signer
from shared.auth.tokens import TokenList
from shared.auth.verifier import InvalidTokenError, TokenVerifier

MINUTE = timedelta(minutes=1)
NOW = datetime.now(UTC)
CLAIMS: dict[str, Any] = {
    "iss": "tracelot", "aud": "tracelot", "sub": "ann", "roles": ["operator"], "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 7200,
}  # fmt: skip
STRANGER = Ed25519PrivateKey.generate()


def verify(folder: Path, token: str, at: float | None = None) -> Identity:
    """Verify a token with a new verifier."""
    return asyncio.run(TokenVerifier([own_issuer(folder)]).verify(token, at))


def sign(signer: Signer, claims: Mapping[str, Any], key: Any = None, algorithm: str = "EdDSA") -> str:
    """Sign any claims, by default with the key of the signer."""
    own_key = signer._key if key is None else key  # noqa: SLF001 - forges tokens
    return jwt.encode(dict(claims), own_key, algorithm=algorithm, headers={"kid": signer.key_id})


def test_a_signed_token_names_subject_and_roles(tmp_path: Path) -> None:
    """A role includes the lower ones; the key is private and stays the same after a restart."""
    token = Signer.open(tmp_path).sign("ann", [Role.SUPERVISOR], MINUTE).token
    identity = verify(tmp_path, token)
    assert (identity.subject, identity.actor) == ("ann", "ann")
    assert identity.roles == {Role.VIEWER, Role.OPERATOR, Role.SUPERVISOR}
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert Signer.open(tmp_path).jwks == Signer.open(tmp_path).jwks
    assert "d" not in json.loads((tmp_path / "jwks.json").read_text())["keys"][0]


def test_integrators_are_apart() -> None:
    """An integrator may not read, and an admin is no integrator."""
    assert Identity("erp", frozenset({Role.INTEGRATOR}), "", 0).roles == {Role.INTEGRATOR}
    assert not Identity("ada", frozenset({Role.ADMIN}), "", 0).has_role(Role.INTEGRATOR)


@pytest.mark.parametrize(
    ("claims", "error"),
    [
        ({"exp": CLAIMS["exp"] - 14400}, "expired at"),
        ({"nbf": CLAIMS["exp"]}, "valid from"),
        ({"aud": "another"}, "audience is not tracelot"),
        ({"iss": "https://elsewhere"}, "issuer 'https://elsewhere' is not accepted"),
        ({"sub": "a\nb"}, "sub and approved_by"),
        ({"sub": "x" * 65}, "sub and approved_by"),
        ({"sub": "ann, approved by sue"}, "sub and approved_by"),
        ({"exp": None}, "exp"),
        ({"approved_by": "sue"}, "needs the command"),
    ],
)
def test_claims_that_are_not_accepted(tmp_path: Path, claims: dict[str, Any], error: str) -> None:
    """Times, audience, issuer, subject and approval are checked; the problem names what is wrong."""
    present = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    with pytest.raises(InvalidTokenError, match=error):
        verify(tmp_path, sign(Signer.open(tmp_path), present))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "ey.ey.ey", "é", "x" * 9000])
def test_garbage_is_no_token(tmp_path: Path, token: str) -> None:
    """Any text is answered with a reason."""
    Signer.open(tmp_path)
    with pytest.raises(InvalidTokenError):
        verify(tmp_path, token)


def test_forged_signatures(tmp_path: Path) -> None:
    """Another key under the known id, no algorithm, and the public key as a shared secret are refused."""
    signer = Signer.open(tmp_path)
    with pytest.raises(InvalidTokenError, match="signature is wrong"):
        verify(tmp_path, sign(signer, CLAIMS, STRANGER))
    with pytest.raises(InvalidTokenError, match="algorithm none"):
        verify(tmp_path, jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": signer.key_id}))
    with pytest.raises(InvalidTokenError, match="algorithm HS256"):
        verify(tmp_path, sign(signer, CLAIMS, signer.jwks["keys"][0]["x"], "HS256"))
    with pytest.raises(InvalidTokenError, match="key 'other'"):
        verify(tmp_path, jwt.encode(CLAIMS, STRANGER, algorithm="EdDSA", headers={"kid": "other"}))


def test_leeway_and_the_time_of_a_record(tmp_path: Path) -> None:
    """Clocks may differ by ten seconds; validity is judged at the given time."""
    token = sign(Signer.open(tmp_path), CLAIMS)
    assert verify(tmp_path, token, float(CLAIMS["exp"]) + 9).subject == "ann"
    with pytest.raises(InvalidTokenError, match="expired"):
        verify(tmp_path, token, float(CLAIMS["exp"]) + 11)


def test_a_revoked_token_is_refused(tmp_path: Path) -> None:
    """An API token is listed without itself; once revoked it is refused, also if it was verified before."""
    signer, tokens, clock = Signer.open(tmp_path), TokenList(tmp_path), [NOW.timestamp()]
    token = tokens.issue(signer, "erp", [Role.INTEGRATOR], timedelta(days=365), NOW)
    (listed,) = tokens.read()
    assert (listed.subject, listed.roles, token in (tmp_path / "tokens.json").read_text()) == (
        "erp", [Role.INTEGRATOR], False,
    )  # fmt: skip

    async def use() -> None:
        verifier = TokenVerifier([own_issuer(tmp_path)], lambda: clock[0])
        assert (await verifier.verify(token)).token_id == listed.token_id
        tokens.revoke("erp", NOW)
        next(iter(verifier._issuers.values()))._revoked._next_check = 0  # type: ignore[union-attr] # noqa: SLF001 - no wait
        with pytest.raises(InvalidTokenError, match=f"{listed.token_id} was revoked"):
            await verifier.verify(token)

    asyncio.run(use())
    assert tokens.revoke("erp", NOW) == []


def test_keys_that_cannot_be_read_decide_nothing(tmp_path: Path) -> None:
    """Without keys a token is neither accepted nor refused."""
    signer = Signer.open(tmp_path / "signer")
    with pytest.raises(KeysUnavailableError):
        verify(tmp_path, signer.sign("ann", [Role.VIEWER], MINUTE).token)


def test_unknown_keys_are_fetched_once_a_minute() -> None:
    """A flood of unknown keys causes one request a minute; a new key is found then."""
    keys: list[dict[str, Any]] = []
    requests: list[httpx.Request] = []
    clock = [0.0]

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={"keys": keys})

    async def use() -> None:
        fetched = FetchedKeys("https://sso/jwks", httpx.MockTransport(answer), lambda: clock[0])
        for _ in range(10):
            assert await fetched.find("k") is None
        assert len(requests) == 1
        keys.append(jwt.algorithms.OKPAlgorithm.to_jwk(STRANGER.public_key(), as_dict=True) | {"kid": "k"})
        clock[0] = 61
        assert await fetched.find("k") is not None
        assert len(requests) == 2

    asyncio.run(use())


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", rsa.generate_private_key(public_exponent=65537, key_size=2048)),
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
    ],
)
def test_tokens_of_another_issuer(tmp_path: Path, algorithm: str, key: Any) -> None:
    """RS256 and ES256 work with a JWKS file and a claim of roles inside an object."""
    to_jwk: Any = jwt.get_algorithm_by_name(algorithm).to_jwk
    path = tmp_path / "sso.json"
    path.write_text(json.dumps({"keys": [to_jwk(key.public_key(), as_dict=True) | {"kid": "1"}]}))
    issuer = IssuerSettings(
        issuer="https://sso", jwks=str(path), audience="wms", algorithms=(algorithm,), roles="realm_access.roles"
    )  # fmt: skip
    claims = CLAIMS | {"iss": "https://sso", "aud": ["wms"], "realm_access": {"roles": ["admin", "offline_access"]}}
    token = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "1"})
    assert asyncio.run(TokenVerifier([issuer]).verify(token)).has_role(Role.ADMIN)
    with pytest.raises(InvalidTokenError, match="issuer"):
        verify(tmp_path, token)
