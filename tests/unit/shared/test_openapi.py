"""Documented status codes of all services."""

from importlib import import_module

import pytest


@pytest.mark.parametrize("service", ["receiving", "serials", "lots", "fulfillment"])
def test_documented_responses_match_the_behaviour(service: str) -> None:
    """Invalid requests are 400 instead of FastAPI's 422, missing resources 404, partial success 200."""
    document = import_module(f"services.{service}.app").app.openapi()
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            responses = set(operation["responses"])
            if method == "post" or "{" in path:
                assert "404" in responses, path
            if operation.get("parameters"):
                assert "400" in responses, path
            if "201" in responses:
                assert "200" in responses, path
            assert method == "post" or "422" not in responses, path
