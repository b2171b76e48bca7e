"""Migrations of databases that hold data of an earlier revision."""

import json
import os
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from shared.contracts.envelope import CloudEvent
from shared.contracts.lots import LotHoldReleased
from shared.contracts.reference import ProductOrdered
from shared.contracts.upstream import AsnCancelled
from shared.messaging.decode import Decoder
from shared.persistence.migrate import migrate, versions_folder
from tests.integration.shared.conftest import MakeRecord


async def migrate_to_first_revision(service: str, folder: Path) -> asyncpg.Connection:
    """Create the schema of the first revision and connect as its owner."""
    first_revision = versions_folder(service) / f"0001_{service}"
    shutil.copytree(first_revision, folder / first_revision.name)
    shutil.copy(first_revision.with_suffix(".py"), folder)
    await migrate(service, folder)
    return await asyncpg.connect(os.environ[f"{service.upper()}_MIGRATION_DATABASE_URL"])


async def test_pending_rechecks_become_messages(kept_service: str, record: MakeRecord, tmp_path: Path) -> None:
    """A database at the first revision migrates; its pending rechecks become reallocation requests (S27)."""
    owner = await migrate_to_first_revision(kept_service, tmp_path)
    await owner.execute("INSERT INTO demand_recheck VALUES ('B\"1', 'WEST'), ('A-1', 'EAST')")
    await migrate(kept_service)
    rows = await owner.fetch("SELECT topic, key, value FROM outbox ORDER BY id")
    assert await owner.fetchval("SELECT to_regclass('demand_recheck')") is None
    await owner.close()
    registry = import_module(f"services.{kept_service}.app").app.state.registry
    decoder = Decoder({handler.message.TYPE: handler.message for handler in registry.handlers})
    events = [decoder.decode(record(row["topic"], row["value"], row["key"].encode())) for row in rows]
    assert [(event.source, event.data.sku, event.data.warehouse) for event in events] == [  # type: ignore[union-attr]
        (f"tracelot/{kept_service}", "A-1", "EAST"),
        (f"tracelot/{kept_service}", 'B"1', "WEST"),
    ]
    assert all(map(registry.accepts, events))


@pytest.mark.parametrize("kept_service", ["receiving"], indirect=True)
async def test_receipts_without_asn_become_waiting_cancellations(kept_service: str, tmp_path: Path) -> None:
    """A cancellation that arrived before its ASN is a message that waits for it, with its reason."""
    owner = await migrate_to_first_revision(kept_service, tmp_path)
    await owner.execute(
        "INSERT INTO receipt VALUES ('R-1', 0, 'ASN', NULL, '', NULL, 'CANCELLED', 0, 0, now(), now(), 'lost at sea')"
    )
    await migrate(kept_service)
    (row,) = await owner.fetch("SELECT document, event FROM waiting_message")
    assert await owner.fetchval("SELECT count(*) FROM receipt") == 0
    await owner.close()
    fields = json.loads(row["event"])
    event = CloudEvent[Any].model_validate(fields | {"data": AsnCancelled.model_validate(fields["data"])})
    assert (row["document"], event.type, event.data.reason) == ("R-1", AsnCancelled.TYPE, "lost at sea")


@pytest.mark.parametrize("kept_service", ["fulfillment"], indirect=True)
async def test_early_messages_wait_for_their_order(kept_service: str, tmp_path: Path) -> None:
    """Changes that arrived before their order still wait for it, and their age is known."""
    owner = await migrate_to_first_revision(kept_service, tmp_path)
    await owner.execute("INSERT INTO early_message (order_id, event) VALUES ('SO-1', '{}')")
    await migrate(kept_service)
    (row,) = await owner.fetch("SELECT document, received_at IS NOT NULL AS has_time FROM waiting_message")
    await owner.close()
    assert tuple(row) == ("SO-1", True)


@pytest.mark.parametrize("kept_service", ["fulfillment"], indirect=True)
async def test_ordered_products_are_published(kept_service: str, record: MakeRecord, tmp_path: Path) -> None:
    """Receiving learns which products kept orders name, with their version here (S03)."""
    owner = await migrate_to_first_revision(kept_service, tmp_path)
    await owner.execute(ORDERED_PRODUCTS)
    await migrate(kept_service)
    rows = await owner.fetch("SELECT topic, key, value FROM outbox ORDER BY id")
    assert await owner.fetchval("SELECT count(*) FROM ordered_product") == 2
    assert await owner.fetchval("SELECT barcodes FROM product WHERE sku = 'A'") == "[]"  # until its next change
    await owner.close()
    decoder = Decoder({ProductOrdered.TYPE: ProductOrdered})
    events = [decoder.decode(record(row["topic"], row["value"], row["key"].encode())) for row in rows]
    assert [(row["topic"], row["key"]) for row in rows] == [("ordered-products", "A"), ("ordered-products", "B")]
    assert [event.data for event in events] == [  # type: ignore[union-attr]
        ProductOrdered(sku="A", ordered_version=7), ProductOrdered(sku="B"),
    ]  # fmt: skip


HOLDS_OF_SHORT_PICKS = """
    INSERT INTO balance (sku, lot, location, warehouse, is_storage, on_hand, allocated)
    VALUES ('A-1', 'L1', 'EAST/1', 'EAST', true, 10, 3), ('A-1', 'L1', 'EAST/2', 'EAST', true, 4, 4),
        ('A-1', 'L1', 'EAST/3', 'EAST', true, 5, 0);
    INSERT INTO hold (
        hold_id, sku, lot, location, kind, reason, owner_role, pending_quantity, opened_by, opened_at,
        released_by, released_at, released_reason
    )
    SELECT hold_id, 'A-1', 'L1', location, kind, 'not there', '', 0, 'pat', now(), released_by, released_at, ''
    FROM (VALUES
        ('S1', 'EAST/1', 'NOT_FOUND', NULL, NULL), ('S2', 'EAST/1', 'NOT_FOUND', NULL, NULL),
        ('S3', 'EAST/2', 'NOT_FOUND', NULL, NULL), ('S4', 'EAST/3', 'NOT_FOUND', 'eve', now()),
        ('H1', 'EAST/3', 'MANUAL', NULL, NULL)
    ) AS h (hold_id, location, kind, released_by, released_at);
"""


ORDERED_PRODUCTS = """
    INSERT INTO product (sku, version, name, unit, tracking, shelf_life, decimals)
    VALUES ('A', 7, 'Pump', 'each', 'SERIAL', '{}', 0), ('C', 1, 'Never ordered', 'each', 'NONE', '{}', 6);
    INSERT INTO sales_order SELECT id, 'EAST', 'C', '', '', '', 5, 'ALLOWED', now(), 'OPEN', 0, ''
    FROM unnest(ARRAY['SO-1', 'SO-2']) AS o (id);
    INSERT INTO order_line SELECT order_id, line, 1, sku, 1, '{}', 0, 0, 0, 0, false, false, '{}', false
    FROM (VALUES ('SO-1', '1', 'A'), ('SO-1', '2', 'B'), ('SO-2', '1', 'A')) AS l (order_id, line, sku);
"""


PICKED_STOCK = """
    INSERT INTO balance (sku, lot, location, warehouse, is_storage, on_hand, allocated)
    VALUES ('A-1', 'L1', 'EAST/1', 'EAST', true, 10, 3);
    INSERT INTO picked_stock (demand_id, lot, location, sku, warehouse, order_id, line, quantity)
    VALUES ('D1', 'L1', 'EAST/OUT', 'A-1', 'EAST', 'SO-1', '1', 2),
        ('D2', 'L1', 'EAST/OUT', 'A-1', 'EAST', 'SO-2', '1', 1),
        ('D3', 'L1', 'EAST/1', 'A-1', 'EAST', 'SO-3', '1', 4), ('D4', 'L1', '', 'A-1', 'EAST', 'SO-4', '1', 5);
"""


@pytest.mark.parametrize("kept_service", ["lots"], indirect=True)
async def test_picked_stock_belongs_to_balances(kept_service: str, tmp_path: Path) -> None:
    """The balance of a location states what is picked there; nothing is published for kept stock (S20)."""
    for revision in versions_folder(kept_service).glob("00[01][0-9]*"):
        if revision.name < "0014":
            (shutil.copytree if revision.is_dir() else shutil.copy)(revision, tmp_path / revision.name)
    await migrate(kept_service, tmp_path)
    owner = await asyncpg.connect(os.environ["LOTS_MIGRATION_DATABASE_URL"])
    await owner.execute(PICKED_STOCK)
    await migrate(kept_service)
    balances = await owner.fetch("SELECT location, on_hand, picked, version FROM balance ORDER BY location")
    await owner.close()
    assert [tuple(map(str, row)) for row in balances] == [("EAST/1", "10", "4", "0"), ("EAST/OUT", "0", "3", "0")]


@pytest.mark.parametrize("kept_service", ["lots"], indirect=True)
async def test_holds_of_short_picks_become_variances(kept_service: str, record: MakeRecord, tmp_path: Path) -> None:
    """What a short pick held stays under investigation; other services learn that the hold has ended (S20)."""
    for revision in versions_folder(kept_service).glob("000[1-4]*"):
        (shutil.copytree if revision.is_dir() else shutil.copy)(revision, tmp_path / revision.name)
    await migrate(kept_service, tmp_path)
    owner = await asyncpg.connect(os.environ["LOTS_MIGRATION_DATABASE_URL"])
    await owner.execute(HOLDS_OF_SHORT_PICKS)
    await migrate(kept_service)
    balances = await owner.fetch("SELECT location, on_hand, allocated, missing FROM balance ORDER BY location")
    variances = await owner.fetch("SELECT variance_id, missing, settlement FROM variance ORDER BY 1")
    holds = await owner.fetch("SELECT hold_id FROM hold WHERE released_at IS NULL")
    history = await owner.fetch("SELECT hold_id FROM hold ORDER BY released_number")
    rows = await owner.fetch("SELECT topic, key, value FROM outbox ORDER BY id")
    await owner.close()
    assert [tuple(map(str, row)) for row in balances] == [
        ("EAST/1", "10", "3", "7"), ("EAST/2", "4", "4", "0"), ("EAST/3", "5", "0", "0"),
    ]  # fmt: skip
    assert [(row["variance_id"], int(row["missing"]), row["settlement"]) for row in variances] == [("S1", 7, None)]
    assert [row["hold_id"] for row in holds] == ["H1"]
    assert [row["hold_id"] for row in history] == ["S4", "S1", "S2", "S3", "H1"]
    decoder = Decoder({LotHoldReleased.TYPE: LotHoldReleased})
    events = [decoder.decode(record(row["topic"], row["value"], row["key"].encode())) for row in rows]
    assert [event.data.hold_id for event in events] == ["S1", "S2", "S3"]  # type: ignore[union-attr]
