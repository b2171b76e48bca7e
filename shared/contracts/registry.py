"""List of all messages, in the order of their topics."""

from shared.contracts import fulfillment, lots, receiving, reference, serials, upstream
from shared.contracts.commands import fulfillment as fulfillment_commands
from shared.contracts.commands import lots as lots_commands
from shared.contracts.commands import receiving as receiving_commands
from shared.contracts.commands import serials as serials_commands
from shared.contracts.envelope import Message
from shared.contracts.topics import TOPICS

# A message class registers itself on its topic; these modules declare all of them.
MESSAGE_MODULES = (
    upstream, receiving_commands, serials_commands, lots_commands, fulfillment_commands,
    reference, receiving, serials, lots, fulfillment,
)  # fmt: skip


def all_messages() -> list[type[Message]]:
    """Every message of every topic."""
    return [message for topic in TOPICS for message in topic.messages.values()]
