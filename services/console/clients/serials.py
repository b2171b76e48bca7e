"""Client of the serials service: search, units and their history."""

from datetime import date, datetime
from typing import Any

from services.console.clients.http import Listing, Model, ServiceClient, path_of


class UnitSummary(Model):
    """A unit in a list."""

    sku: str
    serial: str
    status: str
    warehouse: str | None
    location: str | None
    order: str | None
    shipment: str | None
    receipt: str | None
    on_hold: bool
    adjustment: str | None
    expectation_cancelled: bool
    lot: str | None
    expiry: date | None
    customer: str | None
    customer_name: str | None


class Units(Listing):
    """A page of units."""

    items: list[UnitSummary]


class StatusCount(Model):
    """Number of units in a status."""

    units: int
    has_more: bool


class Hold(Model):
    """An open hold."""

    hold_id: str
    reason: str
    opened_by: str
    opened_at: datetime


class HistoryEntry(Model):
    """An entry of the audit trail."""

    version: int
    change: str
    status: str
    from_location: str | None
    location: str | None
    reason: str
    actor: str
    occurred_at: datetime
    document: str
    receipt: str | None
    order: str | None
    shipment: str | None
    return_id: str | None


class UnitDetail(Model):
    """All details of a unit."""

    sku: str
    product: str
    serial: str
    status: str
    warehouse: str | None
    location: str | None
    last_location: str | None
    on_hold: bool
    holds: list[Hold]
    adjustment: str | None
    expectation_cancelled: bool
    lot: str | None
    expiry: date | None
    received_at: datetime | None
    receipt: str | None
    order: str | None
    order_line: str | None
    shipment: str | None
    customer: str | None
    customer_name: str | None
    shipped_at: datetime | None
    warranty_starts_on: date | None
    warranty_ends_on: date | None
    return_id: str | None
    manufactured_on: date | None
    history: list[HistoryEntry]


class PutAwayUnit(Model):
    """A unit after a putaway."""

    serial: str
    status: str
    location: str | None


class PutAwayAnswer(Model):
    """Units after a putaway."""

    sku: str
    updated: list[PutAwayUnit]
    rejected: list[dict[str, Any]] = []


class Serials:
    """The serials service in the name of a person."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def list_units(self, **filters: object) -> Units:
        """List units."""
        return await self._client.get("/serials", Units, **filters)

    async def count_units(self, **filters: object) -> dict[str, StatusCount]:
        """Count units by status."""
        return await self._client.get("/serials/counts", dict[str, StatusCount], **filters)

    async def get_unit(self, sku: str, serial: str) -> UnitDetail:
        """Get a unit."""
        return await self._client.get(path_of("serials", sku, serial), UnitDetail)

    async def put_away(self, body: dict[str, Any], key: str) -> PutAwayAnswer:
        """Put units away."""
        return await self._client.post("/putaways", body, PutAwayAnswer, key=key)
