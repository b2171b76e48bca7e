"""Run benchmarks: `python -m tests.benchmarks [NAME …]`; --write stores the results in docs/benchmarks.md."""

import argparse
from collections.abc import Iterator

from tests.benchmarks import fefo, imports, latency, lifecycle, memory, orders, recall, receipt, report, scans, search

BENCHMARKS = ("lifecycle", "receipt", "orders", "fefo", "latency", "search", "recall", "imports", "scans", "memory")


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", default=BENCHMARKS, help=f"any of {', '.join(BENCHMARKS)} (default: all)")
    parser.add_argument("--serials", type=int, default=100_000, help="serials of a lifecycle run (default 100000)")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 10, 1], help="event sizes (default 100 10 1)")
    parser.add_argument("--times", type=int, default=3, help="repetitions (default 3)")
    parser.add_argument("--write", action="store_true", help="store the results in docs/benchmarks.md")
    parsed = parser.parse_args()
    if unknown := set(parsed.names) - set(BENCHMARKS):
        parser.error(f"unknown benchmark: {', '.join(sorted(unknown))}")
    return parsed


def run_benchmarks(options: argparse.Namespace) -> Iterator[report.Section]:
    """Run the benchmarks in order."""
    if "lifecycle" in options.names:
        for size in options.sizes:
            yield lifecycle.measure(options.serials, size, options.times)
    if "receipt" in options.names:
        yield receipt.measure(options.times)
    if "orders" in options.names:
        yield orders.measure(options.times)
    if "fefo" in options.names:
        yield fefo.measure(options.times)
    if "recall" in options.names:
        yield recall.measure(options.times)
    measures = {
        "latency": latency.measure,
        "search": search.measure,
        "imports": imports.measure,
        "scans": lambda: scans.measure(options.times),
        "memory": memory.measure,
    }
    yield from (measure() for name, measure in measures.items() if name in options.names)


def main() -> None:
    """Print the machine, then each result."""
    options = parse_arguments()
    machine = report.machine_section()
    print(machine.text, flush=True)
    if options.write:
        report.write_section(machine)
    for section in run_benchmarks(options):
        print(f"\n{section.text}", flush=True)
        if options.write:
            report.write_section(section)


main()
