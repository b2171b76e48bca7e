"""What scanners send in place of FNC1, the separator of GS1 data, which keyboards do not have."""

MAX_SUBSTITUTE = 8
"""Number of characters of a substitute."""
_IN_VALUES = frozenset("!\"%&'()*+,-./:;<=>?_")
"""Characters that values of GS1 data may hold beside letters and digits."""
_configured = ""


def use_substitute(fnc1: str) -> None:
    """Set what the scanners of the installation send, for all scans of this process."""
    global _configured  # noqa: PLW0603 - set once, when the service starts
    _configured = require_substitute(fnc1)


def configured_substitute() -> str:
    """Return what the scanners of the installation send; empty if nothing is set."""
    return _configured


def require_substitute(fnc1: str) -> str:
    """Return a substitute; raises ValueError if values of GS1 data may hold it."""
    if len(fnc1) > MAX_SUBSTITUTE:
        raise ValueError(f"a substitute of FNC1 has at most {MAX_SUBSTITUTE} characters")
    if fnc1 and (fnc1.isalnum() or fnc1 in _IN_VALUES):
        raise ValueError(
            f"values of GS1 data may hold {fnc1!r}: use a character such as | or ~, or a name such as <F8>"
        )
    return fnc1
