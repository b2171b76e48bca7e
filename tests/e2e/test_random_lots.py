"""Random operations on lot-tracked stock in all services; quantities are conserved after every round."""

from random import Random

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.e2e import conservation, invariants
from tests.e2e.delivery import deliver_shuffled
from tests.e2e.lot_commands import LotCommandGenerator, Step
from tests.e2e.system import SystemUnderTest

FREQUENCIES = {
    "place": 2, "amend": 2, "cancel": 1, "pick": 6, "ship": 8, "short_pick": 2, "unpick": 1, "swap": 1,
    "receive": 2, "put_away": 3, "move": 1, "adjust": 1, "count": 1, "return": 4, "dispose": 3,
    "hold": 1, "release": 5, "expire": 1, "restore": 2, "recall": 1, "rename": 2,
}  # fmt: skip
"""Relative frequency of each step; blocking steps are rare, so that some stock is shipped."""
KINDS = [kind for kind, times in FREQUENCIES.items() for _ in range(times)]
step_strategy = st.tuples(st.sampled_from(KINDS), st.integers(0, 11), st.sampled_from(["1", "2", "3", "0.5", "1.25"]))
round_strategy = st.lists(st.lists(step_strategy, min_size=6, max_size=10), min_size=6, max_size=6)


@given(rounds=round_strategy, seed=st.integers(0, 2**32))
@settings(
    max_examples=3, deadline=None, derandomize=True, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
async def test_random_lot_commands_keep_the_invariants(
    system: SystemUnderTest, rounds: list[list[Step]], seed: int
) -> None:
    """Random operations, duplicated and shuffled, conserve quantities per lot and warehouse.

    No demand stays open while matching stock is available (S22, S26, S28).
    """
    generator, rng = LotCommandGenerator(system), Random(seed)  # noqa: S311 - reproducible, not secret
    await generator.set_up()
    for round_steps in rounds:
        messages = [message for step in round_steps for message in await generator.messages_for(step, rng)]
        await deliver_shuffled(system, messages, rng)
        await generator.wait_until_settled()
        await conservation.assert_conservation(system, [generator.sku])
    await invariants.assert_only_wanted_items_shipped(system, generator.sku)
    await invariants.assert_no_event_conflicts(system, [generator.sku])
    await invariants.assert_each_message_has_one_effect(system, [generator.sku])
