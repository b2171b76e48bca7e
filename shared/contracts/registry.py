"""List of all messages, in the order of their topics."""

from shared.contracts import (
    fulfillment,
    lot_balances,
    lot_corrections,
    lots,
    recalls,
    receiving,
    reference,
    serials,
    upstream,
)
from shared.contracts.commands import fulfillment as fulfillment_commands
from shared.contracts.commands import lot_corrections as lot_correction_commands
from shared.contracts.commands import lots as lots_commands
from shared.contracts.commands import receiving as receiving_commands
from shared.contracts.commands import serials as serials_commands
from shared.contracts.envelope import Message
from shared.contracts.topics import TOPICS

# A message class registers itself on its topic; these modules declare all of them.
MESSAGE_MODULES = (
    upstream, receiving_commands, serials_commands, lots_commands, lot_correction_commands, fulfillment_commands,
    reference, receiving, serials, lots, lot_corrections, lot_balances, recalls, fulfillment,
)  # fmt: skip


def all_messages() -> list[type[Message]]:
    """Every message of every topic, in the order of declaration, whatever was imported first."""
    modules = [module.__name__ for module in MESSAGE_MODULES]
    return [
        message
        for topic in TOPICS
        for message in sorted(topic.messages.values(), key=lambda message: modules.index(message.__module__))
    ]
