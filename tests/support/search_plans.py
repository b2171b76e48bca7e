"""Query plans of the search, each forced by its limits."""

import pytest

from shared.persistence import search

SHORT_SCAN = {"SCAN_LIMIT": 7, "SCAN_LIMIT_ROWS": 7, "SCAN_LIMIT_NO_STATS": 7}
PLAN_LIMITS: dict[str, dict[str, int]] = {
    "scan": {},
    "index": SHORT_SCAN | {"RARE_MATCH_LIMIT": 999},
    "deep scan": SHORT_SCAN | {"RARE_MATCH_LIMIT": 0},
    "index over its cap": SHORT_SCAN | {"RARE_MATCH_LIMIT": 999, "ROW_CAP": 1, "ROW_CAP_LOCATION": 1},
}


@pytest.fixture(params=list(PLAN_LIMITS))
def forced_plan(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Force the search to use one plan."""
    for name, value in PLAN_LIMITS[request.param].items():
        monkeypatch.setattr(search, name, value)
    return str(request.param)
