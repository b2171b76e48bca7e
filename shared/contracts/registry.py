"""All messages there are, in the order of their topics."""

from shared.contracts import fulfillment, lots, receiving, reference, serials, upstream
from shared.contracts.commands import fulfillment as fulfillment_commands
from shared.contracts.commands import lots as lots_commands
from shared.contracts.commands import receiving as receiving_commands
from shared.contracts.commands import serials as serials_commands
from shared.contracts.envelope import Fact
from shared.contracts.topics import TOPICS

# Declaring a message registers it on its topic; these are all the modules that declare one.
DECLARING = (
    upstream, receiving_commands, serials_commands, lots_commands, fulfillment_commands,
    reference, receiving, serials, lots, fulfillment,
)  # fmt: skip


def messages() -> list[type[Fact]]:
    """Every message of every topic."""
    return [message for topic in TOPICS for message in topic.messages.values()]
