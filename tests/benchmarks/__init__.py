"""Benchmarks: throughput and latency, with ratios to a baseline on the same machine: `python -m tests.benchmarks`."""
