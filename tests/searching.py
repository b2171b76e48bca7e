"""The ways a search may go, each forced by the bounds that choose among them."""

import pytest

from shared import search

WAYS = {
    "walked": {},
    "by an index": {"WALK": 7, "WALK_ROWS": 7, "WALK_UNTOLD": 7, "FEW": 999},
    "walked on": {"WALK": 7, "WALK_ROWS": 7, "WALK_UNTOLD": 7, "FEW": 0},
    "by an index in vain": {"WALK": 7, "WALK_ROWS": 7, "WALK_UNTOLD": 7, "FEW": 999, "ENOUGH": 1, "ENOUGH_PLACED": 1},
}


@pytest.fixture(params=list(WAYS))
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make a search take one of its ways."""
    for name, value in WAYS[request.param].items():
        monkeypatch.setattr(search, name, value)
    return str(request.param)
