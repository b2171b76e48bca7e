"""Client of the receiving service: receipts, sessions, scans, discrepancies, returns."""

from typing import Any

from services.console.clients.http import ServiceClient, path_of
from services.console.clients.receipts import (
    Locations,
    LotScans,
    ParsedScan,
    Product,
    ReceiptDetail,
    Receipts,
    ScanAnswer,
    Scans,
    SessionAnswer,
    SessionDetail,
    Sessions,
    Warehouses,
)
from services.console.clients.returns import Discrepancies, ResolutionAnswer, ReturnAnswer, ReturnDetail, Returns

PAGE = 500
"""Most entries of a page of the services."""


class Receiving:
    """The receiving service in the name of a person."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def list_receipts(self, **filters: object) -> Receipts:
        """List receipts."""
        return await self._client.get("/receipts", Receipts, **filters)

    async def get_receipt(self, receipt: str) -> ReceiptDetail:
        """Get a receipt with its lines."""
        return await self._client.get(path_of("receipts", receipt), ReceiptDetail)

    async def list_sessions(self, receipt: str) -> Sessions:
        """List the sessions of a receipt."""
        return await self._client.get(path_of("receipts", receipt, "sessions"), Sessions, limit=500)

    async def get_session(self, receipt: str, session: str) -> SessionDetail:
        """Get a session with all its scans and lots, however many pages they are."""
        path, lots_path = path_of("receipts", receipt, "sessions", session), path_of("receipts", receipt, "lots")
        found = page = await self._client.get(path, SessionDetail, limit=PAGE)
        scans, lots = list(page.scans.items), list(page.lots)
        while page.scans.next:
            page = await self._client.get(path, SessionDetail, limit=PAGE, cursor=page.scans.next)
            scans += page.scans.items
        if len(lots) == PAGE:
            more = await self._client.get(lots_path, LotScans, session=session, limit=PAGE)
            lots = list(more.items)
            while more.next:
                more = await self._client.get(lots_path, LotScans, session=session, limit=PAGE, cursor=more.next)
                lots += more.items
        return found.model_copy(update={"scans": Scans(items=scans), "lots": lots})

    async def get_product(self, sku: str) -> Product:
        """Get a product."""
        return await self._client.get(path_of("products", sku), Product)

    async def list_locations(self, **filters: object) -> Locations:
        """List locations."""
        return await self._client.get("/locations", Locations, **filters)

    async def list_warehouses(self) -> Warehouses:
        """List warehouses."""
        return await self._client.get("/warehouses", Warehouses, limit=500)

    async def scan(self, body: dict[str, Any], key: str) -> ScanAnswer:
        """Record scans."""
        return await self._client.post("/scans", body, ScanAnswer, key=key)

    async def parse(self, text: str, **context: object) -> ParsedScan:
        """Explain a scan."""
        given = {name: value for name, value in context.items() if value}
        return await self._client.post("/scans/parse", {"text": text, **given}, ParsedScan)

    async def undo(self, receipt: str, session: str, body: dict[str, Any], key: str) -> SessionAnswer:
        """Undo scans of a session."""
        path = path_of("receipts", receipt, "sessions", session, "undo")
        return await self._client.post(path, body, SessionAnswer, key=key)

    async def confirm(self, receipt: str, session: str, body: dict[str, Any], key: str) -> SessionAnswer:
        """Confirm a session."""
        path = path_of("receipts", receipt, "sessions", session, "confirm")
        return await self._client.post(path, body, SessionAnswer, key=key)

    async def list_discrepancies(self, **filters: object) -> Discrepancies:
        """List discrepancies."""
        return await self._client.get("/discrepancies", Discrepancies, **filters)

    async def resolve(self, discrepancy: str, body: dict[str, Any], key: str) -> ResolutionAnswer:
        """Resolve a discrepancy."""
        path = path_of("discrepancies", discrepancy, "resolve")
        return await self._client.post(path, body, ResolutionAnswer, key=key)

    async def list_returns(self, **filters: object) -> Returns:
        """List customer returns."""
        return await self._client.get("/returns", Returns, **filters)

    async def get_return(self, return_id: str) -> ReturnDetail:
        """Get a customer return."""
        return await self._client.get(path_of("returns", return_id), ReturnDetail, limit=500)

    async def receive_return(self, body: dict[str, Any], key: str) -> ReturnAnswer:
        """Receive a customer return."""
        return await self._client.post("/returns", body, ReturnAnswer, key=key)

    async def dispose(self, return_id: str, body: dict[str, Any], key: str) -> ReturnAnswer:
        """Decide what happens to returned items."""
        return await self._client.post(path_of("returns", return_id, "disposition"), body, ReturnAnswer, key=key)
