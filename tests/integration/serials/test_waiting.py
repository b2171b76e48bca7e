"""Commands on units that are not here: not yet available while messages are in flight, then not found."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from services.serials.app import app
from shared.messaging.batch_consumer import BatchConsumer
from shared.messaging.progress import ConsumerProgress
from shared.messaging.progress_monitor import ProgressMonitor
from shared.messaging.subscriber import Subscription
from shared.settings import load_settings
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages
from tests.support.auth import bearer
from tests.support.events import encode_message
from tests.support.messages.serials import SHELF
from tests.support.polling import wait_until
from tests.support.progress import FixedProgress
from tests.support.timing import MAX_WAIT_SECONDS

GROUP = "serials-in-test"


async def put_away(http: httpx.AsyncClient, sku: str, *serials: str) -> httpx.Response:
    """Post a putaway."""
    headers = {"Idempotency-Key": str(uuid4()), **bearer("ann")}
    return await http.post("/putaways", json={"sku": sku, "serials": serials, "location": SHELF}, headers=headers)


async def test_unknown_unit_is_not_found_once_messages_are_processed(
    http: httpx.AsyncClient, harness: SerialsHarness
) -> None:
    """While messages may be in flight the answer asks for a retry, afterwards it says what to do (S07)."""
    app.state.progress = FixedProgress(is_settled=False)
    response = await put_away(http, harness.sku, "TYPO")
    assert (response.status_code, response.json()["code"]) == (409, "not_yet_available")
    assert response.headers["Retry-After"] == "1"
    app.state.progress = FixedProgress(processed=False)
    assert (await put_away(http, harness.sku, "TYPO")).json()["code"] == "not_yet_available"
    app.state.progress = FixedProgress()
    response = await put_away(http, harness.sku, "TYPO")
    problem = response.json()
    assert (response.status_code, problem["code"], problem["ids"]) == (404, "serial_not_found", ["TYPO"])
    assert "receive the unit first" in problem["help"]
    assert "Retry-After" not in response.headers
    rejections = await harness.fetch_all(
        "SELECT codes FROM rejection WHERE document = :sku ORDER BY id", sku=harness.sku
    )
    assert [row["codes"] for row in rejections] == [["not_yet_available"]] * 2 + [["serial_not_found"]]


async def test_query_of_an_unknown_unit_is_decided_like_a_command(
    http: httpx.AsyncClient, harness: SerialsHarness
) -> None:
    """A query asks for a retry while messages may be in flight, also if it cannot be decided in time (S07)."""
    path = f"/serials/{harness.sku}/TYPO"
    for progress in (FixedProgress(is_settled=False), FixedProgress(processed=False)):
        app.state.progress = progress
        response = await http.get(path)
        assert (response.status_code, response.headers["Retry-After"]) == (404, "1")
        assert response.json().items() >= {"code": "not_yet_available", "status": 404}.items()
    app.state.progress = FixedProgress()
    response = await http.get(path)
    assert (response.status_code, response.json()["code"]) == (404, "serial_not_found")
    assert "Retry-After" not in response.headers


async def test_query_finds_a_unit_that_arrives_while_it_waits(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """The message of the unit was in the outbox of receiving when the query came (S07)."""
    app.state.progress = ArrivingUnit(harness)
    response = await http.get(f"/serials/{harness.sku}/A")
    assert (response.status_code, response.json()["serial"]) == (200, "A")


async def test_location_is_treated_as_units_are(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """A location may arrive as well: its definition comes by message too (S35)."""
    body = {"sku": harness.sku, "serials": ["A"], "location": "EAST/NOWHERE"}
    for settled, expected in ((False, (409, "not_yet_available")), (True, (404, "location_not_found"))):
        app.state.progress = FixedProgress(is_settled=settled)
        response = await http.post("/putaways", json=body, headers={"Idempotency-Key": str(uuid4()), **bearer("ann")})
        assert (response.status_code, response.json()["code"]) == expected


class ArrivingUnit(FixedProgress):
    """Progress of a consumer that receives a unit while a command waits for the decision."""

    def __init__(self, harness: SerialsHarness) -> None:
        super().__init__()
        self.harness = harness

    async def has_processed(self, arrived_at: float) -> bool:
        """Receive the unit."""
        await self.harness.handle(ProductMessages(self.harness.sku).receive(["A"]))
        return await super().has_processed(arrived_at)


async def test_unit_that_arrives_in_time_is_put_away(http: httpx.AsyncClient, harness: SerialsHarness) -> None:
    """A command sees what arrives while it waits; the rest of its units is not found (S07)."""
    app.state.progress = ArrivingUnit(harness)
    response = await put_away(http, harness.sku, "A", "B")
    assert response.status_code == 200, response.text
    assert [unit["status"] for unit in response.json()["updated"]] == ["IN_INVENTORY"]
    assert [(problem["code"], problem["ids"]) for problem in response.json()["rejected"]] == [
        ("serial_not_found", ["B"])
    ]


class SlowConsumer:
    """A consumer of the service in this process, whose processing can be paused, and a clock of its progress."""

    def __init__(self, harness: SerialsHarness, admin: AIOKafkaAdminClient) -> None:
        settings = load_settings("serials")
        self.now = 0.0
        self.progress = ConsumerProgress(5.0, lambda: self.now)
        self.batch_consumer = BatchConsumer(harness.registry, harness.engine, lambda: None)
        self.subscription = Subscription(GROUP, ["receiving.events"], self.batch_consumer, settings)
        self._monitor, self._admin = ProgressMonitor(GROUP, self.progress, self.subscription, settings), admin

    async def pass_seconds(self, seconds: int) -> None:
        """Let the clock pass some seconds, with a check each second."""
        for _ in range(seconds):
            self.now += 1
            await self._monitor.check(self._admin)

    async def catch_up(self) -> None:
        """Wait until the ends of the topics are processed."""

        async def is_current() -> bool:
            await self._monitor.check(self._admin)
            return self.progress.lag_seconds == 0

        await wait_until(is_current)


@asynccontextmanager
async def slow_consumer(harness: SerialsHarness, servers: str) -> AsyncIterator[SlowConsumer]:
    """Run a consumer of the service in this process."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    consumer = SlowConsumer(harness, admin)
    await consumer.subscription.start()
    try:
        yield consumer
    finally:
        consumer.batch_consumer.stop()
        await asyncio.wait_for(consumer.subscription.stop(), MAX_WAIT_SECONDS)
        await admin.close()


async def test_what_is_behind_a_slow_consumer_is_never_told_not_found(
    http: httpx.AsyncClient, harness: SerialsHarness, environment: Mapping[str, str]
) -> None:
    """While its message is in the topic, a unit is not yet available; later commands are decided (S07)."""
    servers = environment["KAFKA_BOOTSTRAP_SERVERS"]
    message = ProductMessages(harness.sku).receive(["A"])
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer, slow_consumer(harness, servers) as consumer:
        app.state.progress = consumer.progress
        await consumer.catch_up()
        await consumer.pass_seconds(5)
        assert consumer.progress.is_settled
        async with consumer.batch_consumer.assignment.processing_lock:  # the consumer is paused
            await producer.send_and_wait("receiving.events", encode_message(message), key=message.key().encode())
            early = asyncio.create_task(put_away(http, harness.sku, "A"))
            while not early.done():
                await consumer.pass_seconds(1)
            assert early.result().json()["code"] == "not_yet_available"
            assert not consumer.progress.is_settled
            query = await http.get(f"/serials/{harness.sku}/A")
            assert (query.json()["code"], query.headers["Retry-After"]) == ("not_yet_available", "1")
        await consumer.catch_up()
        assert (await http.get(f"/serials/{harness.sku}/A")).status_code == 200
        assert (await put_away(http, harness.sku, "A")).status_code == 200
        assert (await put_away(http, harness.sku, "B")).json()["code"] == "not_yet_available"
        await consumer.pass_seconds(5)
        typo = asyncio.create_task(put_away(http, harness.sku, "B"))
        while not typo.done():
            await consumer.pass_seconds(1)
        assert (typo.result().status_code, typo.result().json()["code"]) == (404, "serial_not_found")
