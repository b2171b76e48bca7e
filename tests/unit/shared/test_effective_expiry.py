"""Laws of the date that guards stock."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.product_attributes import ShelfLifePolicy
from shared.inventory.effective_expiry import LATEST_DAY, effective_expiry

DAYS = st.dates(date(2000, 1, 1), LATEST_DAY)
DATES = st.none() | DAYS
LIVES = st.none() | st.integers(0, 3650)


@given(expiry=DATES, manufactured_on=DATES, best_before=DATES, days=LIVES)
def test_the_date_on_the_label_stays(
    expiry: date | None, manufactured_on: date | None, best_before: date | None, days: int | None
) -> None:
    """Without BEST_BEFORE, a given expiry stays; otherwise only manufacture and shelf life give one (S24)."""
    policy = ShelfLifePolicy(shelf_life_days=days)
    found = effective_expiry(policy, expiry, manufactured_on, best_before)
    if expiry or manufactured_on is None or days is None:
        assert found == (expiry, None)
    else:
        assert found == (min(manufactured_on + timedelta(days), LATEST_DAY), "SHELF_LIFE_DAYS")


@given(expiry=DATES, manufactured_on=DATES, best_before=DAYS, days=LIVES)
def test_the_best_before_date_guards(
    expiry: date | None, manufactured_on: date | None, best_before: date, days: int | None
) -> None:
    """The best-before date of a BEST_BEFORE product guards, unless an earlier expiry is given (S24, S28)."""
    policy = ShelfLifePolicy(expiry_basis="BEST_BEFORE", shelf_life_days=days)
    found = effective_expiry(policy, expiry, manufactured_on, best_before)
    assert found.day == min(best_before, expiry or best_before)
    assert (found.source == "BEST_BEFORE") == (found.day == best_before)
