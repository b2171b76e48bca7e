"""What OpenAPI says of a service is what it answers."""

from importlib import import_module

import pytest


@pytest.mark.parametrize("service", ["receiving", "serials", "lots", "fulfillment"])
def test_no_address_promises_an_answer_that_it_never_gives(service: str) -> None:
    """Malformed is 400, never FastAPI's own 422; what is named and not there is 404; a part that is done is 200."""
    document = import_module(f"services.{service}.app").app.openapi()
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            answers = set(operation["responses"])
            if method == "post" or "{" in path:
                assert "404" in answers, path
            if operation.get("parameters"):
                assert "400" in answers, path
            if "201" in answers:
                assert "200" in answers, path
            assert method == "post" or "422" not in answers, path
