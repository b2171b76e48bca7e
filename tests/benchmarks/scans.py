"""Scans read per second, beside bare biip, which judges neither required and excluded elements nor check digits."""

import statistics
import time
from collections.abc import Callable, Mapping

import biip
from biip import ParseError

from shared.scans import classify
from tests.benchmarks.report import Section, markdown_table

GTIN = "09521234543213"
GS = "\x1d"
COUNT = 2_000
SCANS: Mapping[str, Callable[[int], str]] = {
    "GS1 DataMatrix: GTIN, expiry, lot, serial number": lambda number: (
        f"]d201{GTIN}1727123110LOT-{number}{GS}21SN-{number}"
    ),
    "GS1-128: SSCC": lambda _: "]C100095212345600000012",
    "Digital Link: GTIN, lot, serial number": lambda number: (
        f"https://id.gs1.org/01/{GTIN}/10/LOT-{number}/21/SN-{number}"
    ),
    "GTIN-13": lambda _: "9521234543213",
    "plain serial number": lambda number: f"SN-{number:06}",
}


def measure(times: int) -> Section:
    """Read every kind of scan, and give the medians."""
    rows = []
    for name, write in SCANS.items():
        texts = [write(number) for number in range(COUNT)]
        ours = statistics.median(_scans_per_second(classify, texts) for _ in range(times))
        bare = statistics.median(_scans_per_second(_parse_by_biip, texts) for _ in range(times))
        rows.append([name, round(ours), round(bare), f"{ours / bare:.1f}"])
    table = markdown_table(["scan", "scans per second", "by biip alone", "ratio"], rows)
    return Section("scans", f"Scans read by one process, of {COUNT:,} each", [table])


def _parse_by_biip(text: str) -> object:
    try:
        return biip.parse(text)
    except ParseError:
        return None


def _scans_per_second(read: Callable[[str], object], texts: list[str]) -> float:
    started = time.perf_counter()
    for text in texts:
        read(text)
    return len(texts) / (time.perf_counter() - started)
