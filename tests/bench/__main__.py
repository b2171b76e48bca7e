"""`python -m tests.bench [what…]`: measure, print, and with --write keep the result in docs/benchmarks.md."""

import argparse
from collections.abc import Iterator

from tests.bench import fefo, latency, life, orders, recall, receipt, report, search

WHAT = ("life", "receipt", "orders", "fefo", "latency", "search", "recall")


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("what", nargs="*", default=WHAT, help=f"any of {', '.join(WHAT)}; all of them when left out")
    parser.add_argument("--serials", type=int, default=100_000, help="serials that live (default 100 000)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 10, 1], help="serials an event (100 10 1)")
    parser.add_argument("--times", type=int, default=3, help="how often each is measured (3)")
    parser.add_argument("--write", action="store_true", help="keep the results in docs/benchmarks.md")
    asked = parser.parse_args()
    if unknown := set(asked.what) - set(WHAT):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    return asked


def sections(asked: argparse.Namespace) -> Iterator[report.Section]:
    """Measure one after another."""
    if "life" in asked.what:
        for size in asked.sizes:
            yield life.measure(asked.serials, size, asked.times)
    if "receipt" in asked.what:
        yield receipt.measure(asked.times)
    if "orders" in asked.what:
        yield orders.measure(asked.times)
    if "fefo" in asked.what:
        yield fefo.measure(asked.times)
    if "latency" in asked.what:
        yield latency.measure()
    if "search" in asked.what:
        yield search.measure()
    if "recall" in asked.what:
        yield recall.measure(asked.times)


def main() -> None:
    """Say the machine, then each result as it comes."""
    asked = arguments()
    machine = report.machine()
    print(machine.text, flush=True)
    if asked.write:
        report.write(machine)
    for section in sections(asked):
        print(f"\n{section.text}", flush=True)
        if asked.write:
            report.write(section)


main()
