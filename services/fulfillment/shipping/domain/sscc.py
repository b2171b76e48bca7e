"""Serial shipping container codes (SSCC): extension digit, company prefix, serial reference and check digit."""

from biip.checksums import gs1_standard_check_digit

LENGTH = 18


def count_references(prefix: str) -> int:
    """Return how many serial references a company prefix leaves for an extension digit."""
    return int(10 ** (LENGTH - 2 - len(prefix)))


def build_sscc(extension: str, prefix: str, number: int) -> str:
    """Return the SSCC of a number that is counted up; after the last serial reference the first one follows."""
    digits = LENGTH - 2 - len(prefix)
    code = f"{extension}{prefix}{number % count_references(prefix):0{digits}}"
    return f"{code}{gs1_standard_check_digit(code)}"
