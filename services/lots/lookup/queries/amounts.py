"""How much there is of lots, as every page and report says it: pieces of statements.

What is on hand is free, allocated, held or staged; what is picked has left its place and not the house. All are exact.
"""

OF_LOTS = """
    (CAST(:sku AS text) IS NULL OR sku = :sku) AND (CAST(:lot AS text) IS NULL OR lot = :lot)
    AND (CAST(:warehouse AS text) IS NULL OR warehouse = :warehouse)
"""
"""Of a product, a lot, a warehouse, where asked."""

SPLIT = """
    on_hand, allocated,
    CASE WHEN on_hold THEN on_hand - allocated ELSE 0 END AS held,
    CASE WHEN stored AND NOT on_hold THEN on_hand - allocated ELSE 0 END AS free,
    CASE WHEN NOT stored AND NOT on_hold THEN on_hand - allocated ELSE 0 END AS staged
"""

PLACES = f"""
    SELECT sku, lot, warehouse, location, {SPLIT} FROM (
        SELECT *, EXISTS (
            SELECT FROM hold AS h WHERE h.sku = b.sku AND h.lot = b.lot AND h.lifted_at IS NULL
                AND (h.location IS NULL OR h.location = b.location)
        ) AS on_hold
        FROM balance AS b WHERE on_hand > 0 AND {OF_LOTS}
    ) AS b
"""  # noqa: S608 - all parts are this module's own
"""Each place where something lies."""

SUMS = """
    coalesce(sum(on_hand), 0) AS on_hand, coalesce(sum(free), 0) AS free, coalesce(sum(allocated), 0) AS allocated,
    coalesce(sum(held), 0) AS held, coalesce(sum(staged), 0) AS staged, coalesce(sum(picked), 0) AS picked
"""

STOCK = f"""
    SELECT sku, lot, warehouse, {SUMS} FROM (
        SELECT sku, lot, warehouse, on_hand, free, allocated, held, staged, 0 AS picked FROM ({PLACES}) AS lying
        UNION ALL
        SELECT sku, lot, warehouse, 0, 0, 0, 0, 0, quantity FROM picked WHERE quantity > 0 AND {OF_LOTS}
    ) AS parts
    GROUP BY sku, lot, warehouse
"""  # noqa: S608 - all parts are this module's own
"""Each lot in a warehouse."""
