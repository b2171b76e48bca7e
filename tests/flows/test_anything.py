"""Whatever well-formed or odd message comes, over Kafka or HTTP: no service stands still, none answers with a 500."""

from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from deploy.databases import SERVICES
from shared.contracts.envelope import Fact
from shared.contracts.upstream import LocationDefined, WarehouseDefined
from shared.routing import Takes
from tests.flows import invariants, maps
from tests.flows.anything import Anything
from tests.flows.shop import DOCK, ELSEWHERE, SHELF, STAGE, WAREHOUSE, Shop
from tests.flows.world import Json, World
from tests.paths import path_of

OWN_PLACES = {"location": ["ODD/A", "ODD/B"], "warehouse": ["ODD"]}
seeded = settings(
    max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


async def furnished(world: World) -> tuple[Shop, dict[str, list[str]]]:
    """A product with units on the shelf and on an order; the names that mean something there, by field."""
    shop = Shop(world)
    await shop.product()
    counted = await shop.product(shop.no("LOT"), lot_tracked=True)
    serials = await shop.stock(4)
    order = await shop.order(2)
    await shop.allocated(order, 2)
    receipt = await shop.announced(shop.serials(2))
    places = [DOCK, STAGE, SHELF, ELSEWHERE, f"{WAREHOUSE}/NOWHERE", *OWN_PLACES["location"]]
    names = {"CT": 2, "SH": 2, "S": 2, "H": 2, "RMA": 2, "L": 2, "BAR": 2}
    some = {kind: [shop.no(kind) for _ in range(count)] for kind, count in names.items()}
    pools = {
        "sku": [shop.sku, shop.sku, counted, f"SKU-?{shop.token}"],
        "serials": [*serials, *serials, shop.no("U"), f"{shop.token} odd/serial"], "receipt": [receipt, shop.no("ASN")],
        "order": [order, order, shop.no("SO")], "orders": [order], "line": ["1", "10", "20"], "location": places,
        "warehouse": [WAREHOUSE, "WEST"], "carton": some["CT"], "to_carton": some["CT"], "cartons": some["CT"],
        "shipment": some["SH"], "session": some["S"], "hold": some["H"], "return_id": some["RMA"], "id": ["C-1", "C-2"],
        "customer": ["C-1", "C-2"], "discrepancy": some["L"], "code": some["BAR"], "barcode": some["BAR"],
        "lot": ["", "L-1", "L-2"], "lots": ["", "L-1", "L-2"],
        "disposition": ["RESTOCK", "SCRAP", "SEND_BACK"], "time_zone": ["UTC", "Europe/Berlin"], "unit": ["each"],
        "reason": ["because"], "actor": ["ann", "ben", ""], "name": ["Pump"],
    }  # fmt: skip
    pools["serial"] = pools["tie_to"] = pools["instead"] = pools["serials"]
    return shop, pools


def made(anything: Anything, message: type[Fact]) -> Json:
    """Data for a message; places that others need are not defined anew."""
    if message in (LocationDefined, WarehouseDefined):
        anything = anything.but(**OWN_PLACES)
    return anything.of(message)


def fits(message: type[Fact], data: Json) -> bool:
    """Whether data is well formed."""
    try:
        message.model_validate(data)
    except ValidationError:
        return False
    return True


REQUESTS = [(name, row) for name in SERVICES for row in maps.rows(name) if isinstance(row, Takes)]


@given(seed=st.integers(0, 10**6))
@seeded
async def test_any_request_over_kafka(world: World, seed: int) -> None:
    """Random requests of every kind, a few of them malformed, are all worked on; stock and documents still agree."""
    shop, pools = await furnished(world)
    anything = Anything(pools, seed)
    random = anything.random
    for _ in range(150):
        _, row = random.choice(REQUESTS)
        data = made(anything, row.message)
        if fits(row.message, data) or random.random() < 0.05:
            await world.send(
                row.message.TOPIC.name, world.cloud_event(row.message.TYPE, data), str(data[row.message.KEY])
            )
    await world.quiet()
    await world.start(*SERVICES)
    await invariants.hold(world, [shop.sku])


@given(seed=st.integers(0, 10**6))
@seeded
async def test_any_request_over_http(world: World, seed: int) -> None:
    """Random requests of every kind, well formed or not, are answered with what was done or a problem; never a 500."""
    shop, pools = await furnished(world)
    anything = Anything(pools, seed)
    random = anything.random
    for _ in range(70):
        service, row = random.choice(REQUESTS)
        data = made(anything, row.message)
        answer = await world.post(service, path := path_of(row, data), data)
        assert answer.status_code < 500, (service, path, data, answer.text)
        if answer.is_error:
            assert answer.json()["code"] in answer.json()["type"], answer.text
    await world.quiet()
    await invariants.hold(world, [shop.sku])


async def questions(world: World, service: str) -> list[tuple[str, list[Json]]]:
    """Every address that can be asked, with its parameters."""
    document = await world.read(service, "/openapi.json")
    return [
        (path, methods["get"].get("parameters", [])) for path, methods in document["paths"].items() if "get" in methods
    ]


@pytest.mark.parametrize("service", SERVICES)
async def test_any_question_is_answered(world: World, service: str) -> None:
    """Whatever stands in an address or a parameter, a question is answered or a problem: never a 500."""
    odd = ("a\0b", "💥%\\", "-1", "9" * 30, "A" * 3000)
    for path, parameters in await questions(world, service):
        for text in odd:
            values = {item["name"]: quote(text, safe="") or "-" for item in parameters if item["in"] == "path"}
            answer = await world.get(service, path.format(**values))
            assert answer.status_code < 500, (path, values, answer.text)
        for item in parameters:
            if item["in"] == "query":
                for text in odd:
                    values = {each["name"]: "x" for each in parameters if each["in"] == "path"}
                    needed = {
                        each["name"]: "x" for each in parameters if each["in"] == "query" and each.get("required")
                    }
                    answer = await world.get(service, path.format(**values), **{**needed, item["name"]: text})
                    assert answer.status_code < 500, (path, item["name"], text, answer.text)
