"""Handlers, topics and command paths of each service, from its handler registry."""

from functools import cache
from importlib import import_module

from deploy.databases import SERVICES
from shared.contracts.envelope import Message
from shared.messaging.handlers import CommandHandler, EventHandler


@cache
def handlers_of(service: str) -> tuple[EventHandler | CommandHandler, ...]:
    """Return the handler registrations of a service."""
    return tuple(import_module(f"services.{service}.app").app.state.registry.handlers)


def topics_of(service: str) -> set[str]:
    """Return the topics that a service consumes."""
    return {handler.message.TOPIC.name for handler in handlers_of(service)}


@cache
def command_handler_of(command: type[Message]) -> tuple[str, CommandHandler]:
    """Return the service that accepts a command over HTTP, and its handler."""
    (registration,) = (
        (service, handler)
        for service in SERVICES
        for handler in handlers_of(service)
        if isinstance(handler, CommandHandler) and handler.message is command
    )
    return registration
