"""Scheduled expiry checks on the real tables: found by index, published once, bounded in size."""

import asyncio
from collections import Counter
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from services.serials.units.domain.expiry import SerialExpiryCheckDue
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store import expiry as expiry_store
from services.serials.units.store import units
from shared.contracts.commands.serials import CorrectSerialExpiry, ReleaseSerialHold
from shared.persistence.database import transaction
from tests.integration.expiry_checks import (
    advance_days,
    job_runner,
    published_events,
    published_thresholds,
    run_expiry_check,
)
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, serial_numbers
from tests.integration.serials.test_backorders import put_away_units, serials_by_demand
from tests.integration.serials.test_expiry import shelf_life_policy
from tests.support.time_zones import DAY
from tests.support.workbooks import read_records

SELECT_NEXT_CHECKS = text("SELECT next_expiry_check FROM serial_state WHERE sku = :sku ORDER BY serial")
pytestmark = pytest.mark.usefixtures("at_noon")  # a date that only the tests of expiry checks use


def label_expiring_in(days: int) -> dict[str, Any]:
    """Return the label of a unit that expires in a number of days."""
    return {"expiry": DAY + timedelta(days)}


async def test_units_expire_as_days_pass(harness: SerialsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each threshold is published on its date; an expired unit is held, and its order named (S28, S29)."""
    messages = ProductMessages(harness.sku)
    await put_away_units(harness, serial_numbers(2), lot="L-1", **label_expiring_in(40))
    await harness.handle(messages.request_allocation(1))
    thresholds_by_day = {}
    for day in (0, 9, 10, 33, 40, 41, 42):
        advance_days(monkeypatch, day)
        await run_expiry_check(harness)
        thresholds_by_day[day] = await published_thresholds(harness)
    all_thresholds = [90, 60, 30, 7]
    assert thresholds_by_day == {
        0: all_thresholds[:2],
        9: all_thresholds[:2],
        10: all_thresholds[:3],
        33: all_thresholds,
        40: all_thresholds,
        41: all_thresholds,
        42: all_thresholds,
    }
    (expired,) = await published_events(harness, "serial.expired.v1")
    hold_events = await published_events(harness, "serial.hold_placed.v1")
    assert (sorted(expired["serials"]), expired["warehouse"]) == (serial_numbers(2), "EAST")
    assert {(hold_event["hold_id"], hold_event["reason"], hold_event["actor"]) for hold_event in hold_events} == {
        (expired["hold_id"], "expired", "tracelot/serials/scheduler")
    }
    units = [unit for hold_event in hold_events for unit in hold_event["units"]]
    assert [(unit["serial"], unit["order"]) for unit in units] == [("SN-00001", messages.order_id(1))]
    assert sorted(serial for hold_event in hold_events for serial in hold_event["serials"]) == serial_numbers(2)


async def test_missed_expiry_checks_are_caught_up(harness: SerialsHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thresholds of missed dates are published afterwards, each once (S29)."""
    await put_away_units(harness, serial_numbers(1), **label_expiring_in(100))
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == []
    advance_days(monkeypatch, 75)
    await run_expiry_check(harness)
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 30]
    assert [event["days"] for event in await published_events(harness, "serial.expiring.v1")] == [25] * 3


async def test_expiry_correction_rearms_thresholds(harness: SerialsHarness) -> None:
    """A correction releases expired units and rearms their thresholds; an unchanged date does not (S28)."""
    await put_away_units(harness, serial_numbers(2), **label_expiring_in(-1))
    await harness.handle(ProductMessages(harness.sku).request_allocation(1))
    await run_expiry_check(harness)
    hold_rows = await harness.fetch_all("SELECT open_hold_count FROM serial_state WHERE sku = :sku", sku=harness.sku)
    assert hold_rows == [{"open_hold_count": 1}] * 2
    threshold_count = len(await published_thresholds(harness))
    hold_id = f"EXPIRED-{DAY - timedelta(1)}-EAST"
    release = ReleaseSerialHold(sku=harness.sku, hold_id=hold_id, reason="looks fine")
    assert (await harness.handle(release)).error_codes() == ["hold_requires_date_correction"]
    await harness.handle(
        CorrectSerialExpiry(sku=harness.sku, serials=serial_numbers(2), reason="looked again", **label_expiring_in(-1))
    )
    await run_expiry_check(harness)
    assert (len(await published_thresholds(harness)), await serials_by_demand(harness)) == (threshold_count, {})
    result = await harness.handle(
        CorrectSerialExpiry(sku=harness.sku, serials=serial_numbers(2), reason="misread", **label_expiring_in(20))
    )
    assert [event["hold_id"] for event in result.data_of("serial.hold_released.v1")] == [hold_id] * 2
    assert await serials_by_demand(harness) == {"1": serial_numbers(1)}
    await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 30, 7, 90, 60, 30]


async def test_changed_thresholds_apply_from_the_next_day(
    harness: SerialsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changed thresholds are checked from the next day; published ones are not repeated (S29)."""
    await harness.handle(shelf_life_policy(harness, 1))
    await put_away_units(harness, serial_numbers(1), **label_expiring_in(50))
    await run_expiry_check(harness)
    await harness.handle(shelf_life_policy(harness, 2, expiry_alert_days=[90, 60, 45]))
    for day in (1, 5, 20):
        advance_days(monkeypatch, day)
        await run_expiry_check(harness)
    assert await published_thresholds(harness) == [90, 60, 45]


async def test_changed_thresholds_also_reach_units_loaded_before(harness: SerialsHarness) -> None:
    """A unit that the same transaction loaded before the change has the date that the database has (S29)."""
    await harness.handle(shelf_life_policy(harness, 1))
    serials = serial_numbers(2)
    await put_away_units(harness, serials, **label_expiring_in(50))
    await run_expiry_check(harness)
    async with transaction(harness.engine) as tx:
        uow = SerialsUnitOfWork(tx.now, iter(()))
        await units.load(tx, uow, [(harness.sku, serial) for serial in serials])
        unit, other_unit = uow.units
        other_unit.next_expiry_check = unit.next_expiry_check = date.max
        await expiry_store.reschedule_checks(tx, uow, {harness.sku})
        rows = await tx.fetch_all(SELECT_NEXT_CHECKS, {"sku": harness.sku})
        assert [row.next_expiry_check for row in rows] == [unit.next_expiry_check, other_unit.next_expiry_check]


async def test_concurrent_expiry_checks_publish_each_event_once(
    harness: SerialsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two concurrent replicas with small batches publish and hold each of 300 units once (S29)."""
    monkeypatch.setattr(
        expiry_store, "SELECT_DUE_UNITS", text(expiry_store.SELECT_DUE_UNITS.text.replace("LIMIT 5000", "LIMIT 70"))
    )
    for days in range(1, 6):
        await put_away_units(harness, serial_numbers(60, first=days * 100), **label_expiring_in(-days))
    for _ in range(6):
        await asyncio.gather(job_runner(harness).run_once(), job_runner(harness).run_once())
    for event_type, expected_count in (("serial.expiring.v1", 4), ("serial.expired.v1", 1)):
        assert set(
            Counter(
                serial for event in await published_events(harness, event_type) for serial in event["serials"]
            ).values()
        ) == {expected_count}
    assert await harness.fetch_all("SELECT count(*) AS n FROM hold WHERE sku = :sku", sku=harness.sku) == [{"n": 300}]


async def test_expiry_check_uses_constant_statement_count(harness: SerialsHarness) -> None:
    """An expiry check of 400 units in 20 groups sends as many statements as one of two units."""
    other = SerialsHarness(harness.engine)

    def due_events(sku: str, count: int) -> list[SerialExpiryCheckDue]:
        return [
            SerialExpiryCheckDue(sku=sku, warehouse="EAST", expiry=DAY - timedelta(1 + offset), since=date.min)
            for offset in range(count)
        ]

    await put_away_units(harness, serial_numbers(2), **label_expiring_in(-1))
    for days in range(20):
        await put_away_units(other, serial_numbers(20, first=days * 100), **label_expiring_in(-1 - days))
    small_result, large_result = (
        await harness.handle(*due_events(harness.sku, 1)),
        await other.handle(*due_events(other.sku, 20)),
    )
    assert sum(len(event["serials"]) for event in large_result.data_of("serial.hold_placed.v1")) == 400
    assert small_result.statement_count == large_result.statement_count


async def test_expiring_units_are_reported_in_buckets(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """Dated units in a warehouse are listed by expiry and bucket, in all formats; a correction moves them (S29)."""
    for number, days in enumerate((-1, 0, 8, 31, 91)):
        await put_away_units(harness, [f"SN-{number}"], lot="L-1", **label_expiring_in(days))
    await put_away_units(harness, ["SN-UNDATED"])
    filters = {"sku": harness.sku}
    rows = (await http.get("/reports/expiring-serials", params=filters)).json()["items"]
    assert [(row["serial"], row["days_left"], row["bucket"], row["warehouse"], row["lot"]) for row in rows] == [
        ("SN-0", -1, "expired", "EAST", "L-1"), ("SN-1", 0, "<=7", "EAST", "L-1"), ("SN-2", 8, "<=30", "EAST", "L-1"),
        ("SN-3", 31, "<=90", "EAST", "L-1"), ("SN-4", 91, ">90", "EAST", "L-1"),
    ]  # fmt: skip
    for row in rows:
        page = await http.get("/reports/expiring-serials", params=filters | {"bucket": row["bucket"], "limit": 1})
        assert (page.json()["items"], page.json()["next"]) == ([row], None)
    lines = (await http.get("/reports/expiring-serials.csv", params=filters)).text.splitlines()
    workbook = read_records((await http.get("/reports/expiring-serials.xlsx", params=filters)).content)
    assert len(lines) - 1 == len(workbook) == len(rows)
    elsewhere = [filters | {"warehouse": "WEST"}, filters | {"location": "EAST/NONE"}]
    assert [(await http.get("/reports/expiring-serials", params=query)).json()["items"] for query in elsewhere] == [
        [], [],
    ]  # fmt: skip
    correction = {"sku": harness.sku, "serials": ["SN-0"], "reason": "misread", **label_expiring_in(8)}
    await harness.handle(CorrectSerialExpiry.model_validate(correction))
    page = await http.get("/reports/expiring-serials", params=filters | {"bucket": "<=30"})
    assert [row["serial"] for row in page.json()["items"]] == ["SN-0", "SN-2"]
