"""Counted goods in a random play over the whole house: however it goes, after every round the books are right."""

from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.flows import conservation, invariants
from tests.flows.delivering import delivered
from tests.flows.play import Act, Play
from tests.flows.world import World

OFTEN = {
    "place": 2, "amend": 1, "cancel": 1, "pick": 6, "ship": 8, "short_pick": 1, "unpick": 1, "exchange": 1,
    "arrive": 2, "put_away": 3, "move": 1, "adjust": 1, "count": 1, "return": 4, "dispose": 3,
    "hold": 1, "lift": 5, "expire": 1, "renew": 2, "recall": 1,
}  # fmt: skip
"""How often each kind of act comes: what stops goods seldom enough that some get through."""
KINDS = [kind for kind, times in OFTEN.items() for _ in range(times)]
acts = st.tuples(st.sampled_from(KINDS), st.integers(0, 11), st.sampled_from(["1", "2", "3", "0.5", "1.25"]))
rounds = st.lists(st.lists(acts, min_size=6, max_size=10), min_size=6, max_size=6)


@given(played=rounds, seed=st.integers(0, 2**32))
@settings(
    max_examples=5, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
async def test_whatever_happens_to_counted_goods(world: World, played: list[list[Act]], seed: int) -> None:
    """Receipts, orders, picks, shipments, returns, counts, holds, recalls and days that pass, delivered twice and
    shuffled: per lot and warehouse what came is here or gone, and nobody waits beside what fits him (S22, S26, S28).
    """
    play, random = Play(world), Random(seed)  # noqa: S311 - to be had again, not to be secret
    await play.begin()
    for acts_of_round in played:
        facts = [fact for act in acts_of_round for fact in await play.facts(act, random)]
        await delivered(world, facts, random)
        await play.rest()
        await conservation.hold(world, [play.sku])
    await invariants.no_disputes(world, [play.sku])
    await invariants.each_message_once(world, [play.sku])
