"""Kafka topics: name, key, producer, maximum record size and retention."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from shared.contracts.envelope import Message

DAY_MS = 86_400_000
UNLIMITED_RETENTION = -1
TopicKind = Literal["upstream", "commands", "reference", "events"]


@dataclass(frozen=True)
class Topic:
    """One Kafka topic; message classes register themselves in `messages`."""

    name: str
    key: str
    producer: str
    kind: TopicKind
    retention_ms: int = 35 * DAY_MS
    max_message_bytes: int = 1024 * 1024
    messages: dict[str, "type[Message]"] = field(default_factory=dict, compare=False, repr=False)

    @property
    def is_incoming(self) -> bool:
        """Whether others write to it: what the service does not understand is refused."""
        return self.kind in {"upstream", "commands"}


def _upstream_topic(name: str, key: str, producer: str) -> Topic:
    # Oversized records must arrive, so that they become dead letters instead of errors at the sender.
    return Topic(name, key, producer, "upstream", max_message_bytes=4 * 1024 * 1024)


def _commands_topic(service: str, key: str) -> Topic:
    return Topic(f"{service}.commands", key, "warehouse systems", "commands", 7 * DAY_MS, 4 * 1024 * 1024)


ERP_PRODUCTS = _upstream_topic("erp.products", "sku", "ERP")
ERP_LOCATIONS = _upstream_topic("erp.locations", "warehouse/location", "ERP")
ERP_ASNS = _upstream_topic("erp.asns", "receipt", "ERP")
OMS_ORDERS = _upstream_topic("oms.orders", "order", "OMS")

RECEIVING_COMMANDS = _commands_topic("receiving", "receipt")
SERIALS_COMMANDS = _commands_topic("serials", "sku")
LOTS_COMMANDS = _commands_topic("lots", "sku")
FULFILLMENT_COMMANDS = _commands_topic("fulfillment", "order")

# Unlimited retention without compaction: compaction could keep a late duplicate of an old version as the latest.
PRODUCTS = Topic("products", "sku", "receiving", "reference", UNLIMITED_RETENTION)
LOCATIONS = Topic("locations", "warehouse/location", "receiving", "reference", UNLIMITED_RETENTION)
ORDERED_PRODUCTS = Topic("ordered-products", "sku", "fulfillment", "reference", UNLIMITED_RETENTION)

RECEIVING = Topic("receiving.events", "receipt", "receiving", "events")
SERIALS = Topic("serials.events", "sku", "serials", "events")
LOTS = Topic("lots.events", "sku", "lots", "events")
FULFILLMENT = Topic("fulfillment.events", "order", "fulfillment", "events")

TOPICS = (
    ERP_PRODUCTS, ERP_LOCATIONS, ERP_ASNS, OMS_ORDERS,
    RECEIVING_COMMANDS, SERIALS_COMMANDS, LOTS_COMMANDS, FULFILLMENT_COMMANDS,
    PRODUCTS, LOCATIONS, ORDERED_PRODUCTS, RECEIVING, SERIALS, LOTS, FULFILLMENT,
)  # fmt: skip
