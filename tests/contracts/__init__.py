"""Contract tests: Schemathesis against the OpenAPI document of each service, on real servers with demo data."""
