"""Work that the demo leaves open, so that each page of the console has something to do."""

from deploy.demo.actions import SHELVES, WAREHOUSE, WarehouseActions
from deploy.demo.client import SCANNER_OPERATOR


class OpenWork(WarehouseActions):
    """A delivery to receive, units to put away, orders to pick and to pack, and a discrepancy to decide."""

    @property
    def monitor_sku(self) -> str:
        """Return the SKU of the monitor."""
        return f"MONITOR-{self.run_id}"

    async def play(self) -> None:
        """Leave the work."""
        async with self.report.step("Leave work for the console on each of its pages") as step:
            await self._receive()
            await self._place_orders()
            step.result = f"{self.document_id('ASN', 61)} is due"

    async def _receive(self) -> None:
        """Announce a delivery; receive another one, of which a unit was not announced."""
        product = {"sku": self.monitor_sku, "name": "Patient monitor 12", "serial_tracked": True}
        await self.upstream.publish("erp.products", "product.defined.v1", product)
        for number, serials in ((61, range(1, 13)), (62, range(13, 22))):
            line = {"line": "1", "sku": self.monitor_sku, "quantity": len(serials), "serials": self._serials(serials)}
            announced = {"receipt": self.document_id("ASN", number), "warehouse": WAREHOUSE, "supplier": "Acme Medical"}
            await self.upstream.publish("erp.asns", "asn.announced.v1", announced | {"lines": [line]})
        await self.wait_for_status(self.monitor_sku, self._serials([21])[0], "EXPECTED")
        receipt = self.document_id("ASN", 62)
        await self.scan(receipt, self.monitor_sku, self._serials(range(13, 23)))
        confirm = f"/receipts/{receipt}/sessions/{self.session_id(receipt)}/confirm"
        await self.client.execute("receiving", confirm, SCANNER_OPERATOR)
        for serial in self._serials(range(13, 19)):
            await self.put_away(self.monitor_sku, serial, SHELVES[10])

    async def _place_orders(self) -> None:
        """Place two orders; one is picked and waits to be packed."""
        await self.place_order(61, self.monitor_sku, 2)
        await self.pick(61, self.monitor_sku, await self.wait_for_allocation(61, 2))
        await self.place_order(62, self.monitor_sku, 3)
        await self.wait_for_allocation(62, 3)

    def _serials(self, numbers: range | list[int]) -> list[str]:
        return [self.document_id("MON", number) for number in numbers]
