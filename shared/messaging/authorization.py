"""Who sent a command over Kafka: the subject of its token, otherwise its source with the role of an operator.

A consumer cannot see who produced a record. Access to the topics decides who may send what needs no token.
"""

from dataclasses import replace
from typing import Any

from shared.auth.identity import describe_roles
from shared.auth.roles import Role, expand_roles
from shared.auth.verifier import InvalidTokenError, TokenVerifier
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, ProblemDetail
from shared.messaging.dead_letters import AUTHORIZATION, Record
from shared.messaging.handlers import CommandHandler
from shared.messaging.registry import HandlerRegistry
from shared.messaging.rejections import Rejection
from shared.messaging.work import WorkItem

ROLES_WITHOUT_TOKEN = expand_roles([Role.OPERATOR, Role.INTEGRATOR])
LOG_APPEND_TIME = 1
"""Type of a timestamp that the broker set."""


class RecordAuthorizer:
    """Judges the tokens of commands; events of other services need none."""

    def __init__(self, registry: HandlerRegistry, verifier: TokenVerifier) -> None:
        self._roles = {
            handler.message.TYPE: handler.role for handler in registry.handlers if isinstance(handler, CommandHandler)
        }
        self._verifier = verifier

    async def authorize(self, item: WorkItem) -> WorkItem:
        """Return a command with its actor, or its rejection; other items are returned as they are.

        Raises KeysUnavailableError if it cannot be decided.
        """
        event = item.rejection.event if item.rejection is not None else item.event
        if event is None or (role := self._roles.get(event.type)) is None:
            return item
        if item.rejection is not None:
            return replace(item, rejection=replace(item.rejection, event=_with_actor(event, "")))
        header = _find_token(item.record) if item.record.headers else None
        decision = (
            _decide_without_token(role) if header is None else await self._decide(item.record, header, event, role)
        )
        if isinstance(decision, ProblemDetail):
            refused = _with_actor(event, "")
            rejection = Rejection(refused, violations=[decision], record=item.record, is_replayable=False)
            return replace(item, event=None, rejection=rejection)
        return item if decision == event.data.actor else replace(item, event=_with_actor(event, decision))

    async def _decide(self, record: Record, header: bytes, event: CloudEvent[Any], role: Role) -> str | ProblemDetail:
        """Return the actor, or why the command is rejected."""
        scheme, _, token = header.decode("latin-1").partition(" ")
        at = record.timestamp / 1000 if record.timestamp_type == LOG_APPEND_TIME else None
        try:
            identity = await self._verifier.verify(token.strip() if scheme.lower() == "bearer" else "", at)
        except InvalidTokenError as error:
            return ProblemDetail(code=Code.UNAUTHENTICATED, detail=f"The token is not accepted: {error}")
        if not identity.has_role(role):
            detail = f"This needs the role {role}; the token of {identity.subject} has {describe_roles(identity.roles)}"
            return ProblemDetail(code=Code.FORBIDDEN, detail=detail)
        if identity.command not in {"", f"{event.type} {event.id}"}:
            detail = f"The token is only for the command and message id {identity.command}"
            return ProblemDetail(code=Code.FORBIDDEN, detail=detail)
        return identity.actor


def _find_token(record: Record) -> bytes | None:
    return next((value for name, value in record.headers if name.lower() == AUTHORIZATION), None)


def _decide_without_token(role: Role) -> str | ProblemDetail:
    """Return that the source is the actor, or that it needs a token."""
    if role in ROLES_WITHOUT_TOKEN:
        return ""
    detail = f"This needs the role {role}: a token in the header `{AUTHORIZATION}` of the record"
    return ProblemDetail(code=Code.UNAUTHENTICATED, detail=detail)


def _with_actor(event: CloudEvent[Any], actor: str) -> CloudEvent[Any]:
    """Return a command with a verified actor; one that its sender named is not kept."""
    if event.data.actor == actor:
        return event
    return event.model_copy(update={"data": event.data.model_copy(update={"actor": actor})})
