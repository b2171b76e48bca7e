"""What tests of receiving look up: verdicts, discrepancies, lines."""

from tests.flows.shop import Shop
from tests.flows.world import Json, World


async def scanned(world: World, shop: Shop, receipt: str, serials: list[str]) -> dict[str, str]:
    """The verdict on each serial scanned."""
    answer = await world.command(shop.scan(receipt, serials))
    assert answer.status_code == 200, answer.text
    return {row["serial"]: row["verdict"] for row in answer.json()["verdicts"]}


async def discrepancies(world: World, receipt: str) -> list[Json]:
    """What receiving shows of a receipt's discrepancies."""
    items: list[Json] = (await world.read("receiving", f"/receipts/{receipt}/discrepancies"))["items"]
    return items


async def line(world: World, receipt: str) -> Json:
    """The only line of a receipt."""
    (only,) = (await world.read("receiving", f"/receipts/{receipt}"))["lines"]["items"]
    shown: Json = only
    return shown
