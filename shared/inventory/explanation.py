"""Explanation of an allocation: the rule that chose the stock of a demand, and why it passed over other stock."""

from datetime import date
from enum import StrEnum
from typing import Any

from shared.inventory.demand import Demand
from shared.inventory.shelf_life import ShelfLifeRules

MAX_LISTED = 200
"""Maximum length of each list of an explanation."""

MAX_READ = 10_000
"""Maximum rows that are read for each reason."""


class AllocationRule(StrEnum):
    """Rule by which a demand gets its stock: what it names, otherwise first expired, first out."""

    NAMED_SERIALS = "NAMED_SERIALS"
    SINGLE_LOT = "SINGLE_LOT"
    NAMED_LOTS = "NAMED_LOTS"
    FEFO = "FEFO"


class PassOverReason(StrEnum):
    """Reasons why a demand has not got stock, beside those of an allocation."""

    NOT_FOUND = "not found"
    NOT_RECEIVED = "not received"
    NOT_IN_STORAGE = "not in an active storage location"
    LOST = "lost"
    SCRAPPED = "scrapped"
    VOID = "void"
    RETURNED_TO_VENDOR = "returned to vendor"
    ALLOCATED = "allocated to another order line"
    PICKED = "picked for another order line"
    SHIPPED = "shipped"
    OTHER_LOT = "other lot than that of the line"
    AVAILABLE = "available after the allocation"


def rule_of(demand: Demand[Any], *, names_serials: bool = False) -> AllocationRule:
    """Return the rule of a demand."""
    if names_serials:
        return AllocationRule.NAMED_SERIALS
    if demand.single_lot:
        return AllocationRule.SINGLE_LOT
    return AllocationRule.NAMED_LOTS if demand.allowed_lots else AllocationRule.FEFO


def min_shelf_life_days(demand: Demand[Any], rules: ShelfLifeRules) -> int:
    """Return the days of remaining shelf life that a demand requires."""
    return rules.policy.min_remaining_shelf_life(demand.customer, demand.min_remaining_shelf_life_days)


def min_acceptable_expiry(demand: Demand[Any], rules: ShelfLifeRules) -> date:
    """Return the earliest expiry that a demand accepts at present."""
    return rules.min_acceptable_expiry(min_shelf_life_days(demand, rules))
