"""Comparison keys of lot numbers in SQL, equal to `fold_lot`."""


def fold_lot_sql(column: str) -> str:
    """Return the SQL expression of the comparison key of a stored lot number, which has no outer blanks."""
    return (
        f"lower(CASE WHEN strpos({column}, '  ') > 0 THEN regexp_replace({column}, ' +', ' ', 'g') ELSE {column} END)"
    )
