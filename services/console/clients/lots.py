"""Client of the lots service: lots and where they lie."""

from datetime import date
from decimal import Decimal
from typing import Any

from services.console.clients.http import Listing, Model, ServiceClient, path_of


class Lot(Model):
    """A lot in a list."""

    sku: str
    product: str
    lot: str
    expiry: date | None
    on_hold: bool


class Lots(Listing):
    """A page of lots."""

    items: list[Lot]


class LotBalance(Model):
    """What of a lot lies at a location."""

    location: str
    on_hand: Decimal
    held: Decimal


class LotDetail(Model):
    """A lot with its locations."""

    sku: str
    product: str
    lot: str
    expiry: date | None
    locations: list[LotBalance]


class LotSnapshot(Model):
    """A lot after a command."""

    sku: str
    lot: str


class LotService:
    """The lots service in the name of a person."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def list_lots(self, **filters: object) -> Lots:
        """List lots."""
        return await self._client.get("/lots", Lots, **filters)

    async def get_lot(self, sku: str, lot: str) -> LotDetail:
        """Get a lot with its locations."""
        return await self._client.get(path_of("lots", sku, lot), LotDetail)

    async def put_away(self, body: dict[str, Any], key: str) -> LotSnapshot:
        """Put a quantity of a lot away."""
        return await self._client.post("/putaways", body, LotSnapshot, key=key)
