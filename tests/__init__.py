"""Tests by package; flows across all services, fault injection, benchmarks."""
