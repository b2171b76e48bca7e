"""Serial numbers that are easily taken for each other when they are read or typed."""

_LOOK_ALIKES = str.maketrans("OoIil", "00111", " -")
LOOK_ALIKE_SQL = "upper(translate({}, 'OoIil -', '00111'))"
"""SQL expression of the key of a column."""


def look_alike_key(serial: str) -> str:
    """Return the key that serial numbers share if they differ only in case, blanks, hyphens, O and 0, or I, l and 1."""
    return serial.translate(_LOOK_ALIKES).upper()
