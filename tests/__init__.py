"""Tests, mirroring the code; flows over all services, faults, bench."""
