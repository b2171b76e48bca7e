"""Tests by kind: unit, integration, end-to-end, fault injection, benchmarks."""
