"""Who may send which command over Kafka, and who the audit names."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.auth.keys import KeysUnavailableError
from shared.auth.roles import Role
from shared.auth.settings import own_issuer
from shared.auth.verifier import TokenVerifier
from shared.contracts.envelope import CloudEvent, Message
from shared.http.auth import token_verifier
from shared.messaging.authorization import LOG_APPEND_TIME, RecordAuthorizer
from shared.messaging.dead_letters import encode_headers
from shared.messaging.handlers import CommandHandler, EventHandler
from shared.messaging.registry import HandlerRegistry
from shared.messaging.rejections import Rejection
from shared.messaging.work import WorkItem
from shared.settings import InvalidSettingsError
from shared.unit_of_work import UnitOfWork
from tests.support.auth import FOLDER, SIGNER
from tests.support.events import encode_message, to_event
from tests.support.records import build_record
from tests.support.toy.app import app, save
from tests.support.toy.messages import Add, Arrived

COMMAND = next(handler for handler in app.state.registry.handlers if isinstance(handler, CommandHandler))
EVENT = next(handler for handler in app.state.registry.handlers if isinstance(handler, EventHandler))
NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)
VERIFIER = TokenVerifier([own_issuer(FOLDER)])


def authorize(
    role: Role, token: str | None = None, *, message: Message | None = None, verifier: TokenVerifier = VERIFIER,
    at: datetime = NOW, at_type: int = LOG_APPEND_TIME,
) -> WorkItem:  # fmt: skip
    """Judge a record with a message for which a role is needed."""
    registry = HandlerRegistry("toy", [COMMAND._replace(role=role), EVENT], UnitOfWork, save)
    headers: Sequence[tuple[str, bytes]] = [] if token is None else [("Authorization", f"Bearer {token}".encode())]
    event = to_event(message or Add(box="A", serials=["1"], actor="the boss"), "", NOW).model_copy(
        update={"id": "m-1", "source": "wms/scanner"}
    )
    record = build_record(
        encode_message(event.data), headers=headers, at=int(at.timestamp() * 1000), at_type=at_type
    )  # fmt: skip
    return asyncio.run(RecordAuthorizer(registry, verifier).authorize(WorkItem(record, event=event)))


def accepted(item: WorkItem) -> CloudEvent[Add]:
    """Return the event of an accepted command."""
    assert item.event is not None
    assert item.rejection is None
    return item.event


def code_of(item: WorkItem) -> str:
    """Return the code of a rejection, whose actor nobody may claim."""
    assert item.event is None
    assert isinstance(item.rejection, Rejection)
    assert item.rejection.event.actor == "wms/scanner"
    (violation,) = item.rejection.violations
    return violation.code


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.INTEGRATOR])
def test_the_source_is_the_actor_without_a_token(role: Role) -> None:
    """A sender cannot name another actor."""
    assert accepted(authorize(role)).actor == "wms/scanner"


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ADMIN])
def test_a_supervisor_needs_a_token(role: Role) -> None:
    """Without a token it is a rejection, with one of a lower role too."""
    assert code_of(authorize(role)) == "unauthenticated"
    assert code_of(authorize(role, SIGNER.sign("op-7", [Role.OPERATOR], MINUTE, now=NOW).token)) == "forbidden"
    sent = authorize(role, SIGNER.sign("sue", [Role.ADMIN], MINUTE, now=NOW).token)
    assert accepted(sent).actor == "sue"


def test_a_wrong_token_is_worse_than_none() -> None:
    """A command that needs no token is rejected if it carries a wrong one."""
    assert code_of(authorize(Role.OPERATOR, "garbage")) == "unauthenticated"


def test_a_token_must_be_valid_when_the_record_was_appended() -> None:
    """A consumer that is late does not reject what was in time; a time that the sender chose does not count."""
    old = NOW - timedelta(days=1)
    token = SIGNER.sign("sue", [Role.SUPERVISOR], MINUTE, now=old).token
    assert accepted(authorize(Role.SUPERVISOR, token, at=old + MINUTE)).actor == "sue"
    assert code_of(authorize(Role.SUPERVISOR, token)) == "unauthenticated"
    assert code_of(authorize(Role.SUPERVISOR, token, at=old, at_type=0)) == "unauthenticated"


def test_an_approval_is_for_one_message() -> None:
    """The audit names the sender and the supervisor; a session belongs to the sender alone."""
    token = SIGNER.sign("op-7", [Role.SUPERVISOR], MINUTE, now=NOW, approved_by="sue", command="toy.add.v1 m-1").token
    event = accepted(authorize(Role.SUPERVISOR, token))
    assert (event.actor, event.sender) == ("op-7, approved by sue", "op-7")
    other = SIGNER.sign("op-7", [Role.SUPERVISOR], MINUTE, now=NOW, approved_by="sue", command="toy.add.v1 m-2").token
    assert code_of(authorize(Role.SUPERVISOR, other)) == "forbidden"


def test_events_of_services_are_believed() -> None:
    """An event keeps its actor: it was verified where it happened."""
    assert accepted(authorize(Role.ADMIN, message=Arrived(box="A", serials=["1"], actor="ann"))).actor == "ann"


def test_without_keys_nothing_is_rejected(tmp_path: Path) -> None:
    """The batch is repeated until the keys of the issuer can be read."""
    token = SIGNER.sign("sue", [Role.SUPERVISOR], MINUTE).token
    with pytest.raises(KeysUnavailableError):
        authorize(Role.SUPERVISOR, token, verifier=TokenVerifier([own_issuer(tmp_path)]))


def test_dead_letters_keep_no_tokens() -> None:
    """The token of an unreadable record is stored nowhere."""
    record = build_record(b"{", headers=[("Authorization", b"Bearer x"), ("trace", b"1")])
    assert encode_headers(record) == [("trace", "MQ==")]


@pytest.mark.parametrize(
    "value", ["", "[]", "no JSON", '[{"issuer": "x"}]', '[{"issuer": "x", "jwks": "y", "algorithms": ["HS256"]}]']
)
def test_wrong_issuers_are_named_at_the_start(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without a valid list of issuers does not start."""
    monkeypatch.setenv("AUTH_ISSUERS", value)
    with pytest.raises(InvalidSettingsError, match="AUTH_ISSUERS"):
        token_verifier.__wrapped__()
