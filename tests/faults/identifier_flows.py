"""The identifier flows of a load: their commands are all sent twice, and again after an event that they preceded."""

import asyncio

from shared.contracts.commands.fulfillment import PackItems, PickItems
from shared.contracts.commands.lots import CloseRecall, RecordCustomerContact
from shared.contracts.commands.receiving import ReceiveReturn
from shared.contracts.envelope import Message, Rejected
from shared.contracts.problems import Code
from tests.faults.fixtures import define_products
from tests.faults.identifier_flow import IdentifierFlow
from tests.faults.plan import ORDERS_PER_FLOW, SHELVES
from tests.faults.upstream import UpstreamClient

RETRY_AFTER = 0.2
CROSSING = {
    PickItems.TYPE: {Code.NOT_ON_PICK_LIST, Code.NOT_YET_AVAILABLE},
    PackItems.TYPE: {Code.NOT_PICKED, Code.NOT_YET_AVAILABLE},
    ReceiveReturn.TYPE: {Code.NOT_SHIPPED_TO_CUSTOMER},
    RecordCustomerContact.TYPE: {Code.NOT_ON_CONTACT_LIST},
    CloseRecall.TYPE: {Code.RECALL_OPEN},
}
"""Rejections of commands that precede the events which their service awaits."""


class IdentifierFlows:
    """The identifier flows of a load."""

    def __init__(self, upstream: UpstreamClient, name: str, count: int) -> None:
        self.upstream = upstream
        self.tasks: asyncio.TaskGroup
        self.units_sku = f"{name}-units"
        self.flows = [
            IdentifierFlow(f"{name}-I{number}", self.units_sku, SHELVES[number % len(SHELVES)])
            for number in range(count)
        ]
        self._flows_by_name = {flow.name: flow for flow in self.flows}
        self._unstarted = iter(self.flows)

    @property
    def open_steps(self) -> dict[str, set[str]]:
        """Return the steps of each flow that have not had their effect."""
        return {flow.name: flow.open_steps for flow in self.flows if flow.open_steps}

    async def define_products(self) -> None:
        """Define the products of the flows."""
        if self.flows:
            await define_products(self.upstream, [self.units_sku], [flow.goods_sku for flow in self.flows])

    async def start_next(self, receipt: int) -> None:
        """Start the next flow after every few receipts of the load, if any is left."""
        if receipt % ORDERS_PER_FLOW == 0 and (flow := next(self._unstarted, None)):
            await self._publish(flow.start())

    def on_event(self, data: Message) -> None:
        """Send the commands that an event triggers."""
        for flow in self.flows:
            if commands := list(flow.on_event(data)):
                self.tasks.create_task(self._publish(commands))

    def resend_if_early(self, message: Message, rejection: Rejected) -> bool:
        """Send a command again if it preceded an event; return whether it did."""
        flow = self._flows_by_name.get(message.key())
        if flow is None or rejection.code not in CROSSING.get(message.TYPE, ()):
            return False
        self.tasks.create_task(self._publish([flow.revise(message)], RETRY_AFTER))
        return True

    async def _publish(self, messages: list[Message], delay: float = 0) -> None:
        """Publish each message twice under one id, as a sender does that missed the acknowledgement."""
        await asyncio.sleep(delay)
        for message in messages:
            message_id = await self.upstream.publish(message)
            await self.upstream.publish(message, message_id)
