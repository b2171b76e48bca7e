"""Every topic: its name, its key, who writes it, how large a record may be and how long it is kept."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from shared.contracts.envelope import Fact

DAY_MS = 86_400_000
FOR_EVER = -1
Kind = Literal["upstream", "commands", "reference", "events"]


@dataclass(frozen=True)
class Topic:
    """One Kafka topic; `messages` fills as the classes that travel on it are declared."""

    name: str
    key: str
    writer: str
    kind: Kind
    retention_ms: int = 35 * DAY_MS
    max_message_bytes: int = 1024 * 1024
    messages: dict[str, "type[Fact]"] = field(default_factory=dict, compare=False, repr=False)


def _upstream(name: str, key: str, writer: str) -> Topic:
    # Records too large for us must arrive, to be shown among the dead letters instead of failing at the sender.
    return Topic(name, key, writer, "upstream", max_message_bytes=4 * 1024 * 1024)


def _commands(service: str, key: str) -> Topic:
    return Topic(f"{service}.commands", key, "floor systems", "commands", 7 * DAY_MS, 4 * 1024 * 1024)


ERP_PRODUCTS = _upstream("erp.products", "sku", "ERP")
ERP_LOCATIONS = _upstream("erp.locations", "warehouse/location", "ERP")
ERP_ASNS = _upstream("erp.asns", "receipt", "ERP")
OMS_ORDERS = _upstream("oms.orders", "order", "OMS")

RECEIVING_COMMANDS = _commands("receiving", "receipt")
SERIALS_COMMANDS = _commands("serials", "sku")
LOTS_COMMANDS = _commands("lots", "sku")
FULFILLMENT_COMMANDS = _commands("fulfillment", "order")

# Kept for ever and never compacted: a late repeat of an old version would survive compaction as the truth.
PRODUCTS = Topic("products", "sku", "receiving", "reference", FOR_EVER)
LOCATIONS = Topic("locations", "warehouse/location", "receiving", "reference", FOR_EVER)

RECEIVING = Topic("receiving.events", "receipt", "receiving", "events")
SERIALS = Topic("serials.events", "sku", "serials", "events")
LOTS = Topic("lots.events", "sku", "lots", "events")
FULFILLMENT = Topic("fulfillment.events", "order", "fulfillment", "events")

TOPICS = (
    ERP_PRODUCTS, ERP_LOCATIONS, ERP_ASNS, OMS_ORDERS,
    RECEIVING_COMMANDS, SERIALS_COMMANDS, LOTS_COMMANDS, FULFILLMENT_COMMANDS,
    PRODUCTS, LOCATIONS, RECEIVING, SERIALS, LOTS, FULFILLMENT,
)  # fmt: skip
