"""Random messages over Kafka and HTTP: no service halts and none responds with a 500."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from deploy.databases import SERVICES
from shared.contracts.envelope import Message
from shared.contracts.upstream import LocationDefined, WarehouseDefined
from shared.messaging.handlers import CommandHandler
from tests.e2e import handlers, invariants
from tests.e2e.random_messages import MessageGenerator
from tests.e2e.serial_scenario import DOCK, ELSEWHERE, SHELF, STAGE, WAREHOUSE, SerialScenario
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.paths import path_of

OWN_LOCATIONS = {"location": ["ODD/A", "ODD/B"], "warehouse": ["ODD"]}
seeded = settings(
    max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip


async def prepared_scenario(system: SystemUnderTest) -> tuple[SerialScenario, dict[str, list[str]]]:
    """Create a product with stocked and allocated units; return the known identifiers by field name."""
    scenario = SerialScenario(system)
    await scenario.define_product()
    lot_sku = await scenario.define_product(scenario.new_id("LOT"), lot_tracked=True)
    serials = await scenario.stock_units(4)
    order = await scenario.place_order(2)
    await scenario.wait_for_allocation(order, 2)
    receipt = await scenario.announce_asn(scenario.new_serials(2))
    locations = [DOCK, STAGE, SHELF, ELSEWHERE, f"{WAREHOUSE}/NOWHERE", *OWN_LOCATIONS["location"]]
    id_counts = {"CT": 2, "SH": 2, "S": 2, "H": 2, "RMA": 2, "L": 2, "BAR": 2}
    ids_by_kind = {kind: [scenario.new_id(kind) for _ in range(count)] for kind, count in id_counts.items()}
    pools = {
        "sku": [scenario.sku, scenario.sku, lot_sku, f"SKU-?{scenario.token}"],
        "serials": [*serials, *serials, scenario.new_id("U"), f"{scenario.token} odd/serial"],
        "receipt": [receipt, scenario.new_id("ASN")],
        "order": [order, order, scenario.new_id("SO")],
        "orders": [order],
        "line": ["1", "10", "20"],
        "location": locations,
        "warehouse": [WAREHOUSE, "WEST"],
        "carton": ids_by_kind["CT"],
        "to_carton": ids_by_kind["CT"],
        "cartons": ids_by_kind["CT"],
        "shipment": ids_by_kind["SH"],
        "session": ids_by_kind["S"],
        "hold_id": ids_by_kind["H"],
        "return_id": ids_by_kind["RMA"],
        "id": ["C-1", "C-2"],
        "customer": ["C-1", "C-2"],
        "discrepancy": ids_by_kind["L"],
        "code": ids_by_kind["BAR"],
        "barcode": ids_by_kind["BAR"],
        "lot": ["", "L-1", "L-2"],
        "lots": ["", "L-1", "L-2"],
        "disposition": ["RESTOCK", "SCRAP", "RETURN_TO_VENDOR"],
        "time_zone": ["UTC", "Europe/Berlin"],
        "unit": ["each"],
        "reason": ["because"],
        "actor": ["ann", "ben", ""],
        "name": ["Pump"],
    }
    pools["serial"] = pools["match_to"] = pools["replacement"] = pools["serials"]
    return scenario, pools


def generate_message(generator: MessageGenerator, message: type[Message]) -> JsonObject:
    """Return data for a message; shared locations are not redefined."""
    if message in (LocationDefined, WarehouseDefined):
        generator = generator.with_pools(**OWN_LOCATIONS)
    return generator.message_for(message)


def is_valid(message: type[Message], data: JsonObject) -> bool:
    """Return whether data is valid."""
    try:
        message.model_validate(data)
    except ValidationError:
        return False
    return True


COMMANDS = [
    (name, handler)
    for name in SERVICES
    for handler in handlers.handlers_of(name)
    if isinstance(handler, CommandHandler)
]


@given(seed=st.integers(0, 10**6))
@seeded
async def test_random_commands_over_kafka(system: SystemUnderTest, seed: int) -> None:
    """Random commands, a few of them malformed, are all processed; the invariants hold."""
    scenario, pools = await prepared_scenario(system)
    generator = MessageGenerator(pools, seed)
    rng = generator.random
    for _ in range(150):
        _, handler = rng.choice(COMMANDS)
        data = generate_message(generator, handler.message)
        if is_valid(handler.message, data) or rng.random() < 0.05:
            await system.send_record(
                handler.message.TOPIC.name,
                system.cloud_event(handler.message.TYPE, data),
                str(data.get(handler.message.KEY, "")),
            )
    await system.wait_until_quiescent()
    await system.start(*SERVICES)
    await invariants.assert_invariants(system, [scenario.sku])


@given(seed=st.integers(0, 10**6))
@seeded
async def test_random_commands_over_http(system: SystemUnderTest, seed: int) -> None:
    """Random commands, valid or not, succeed or return a problem; never a 500."""
    scenario, pools = await prepared_scenario(system)
    generator = MessageGenerator(pools, seed)
    rng = generator.random
    for _ in range(70):
        service, handler = rng.choice(COMMANDS)
        data = generate_message(generator, handler.message)
        response = await system.post(service, path := path_of(handler, data), data)
        assert response.status_code < 500, (service, path, data, response.text)
        if response.is_error:
            assert response.json()["code"] in response.json()["type"], response.text
    await system.wait_until_quiescent()
    await invariants.assert_invariants(system, [scenario.sku])
