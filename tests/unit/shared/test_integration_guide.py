"""Tables and names in docs/integration.md agree with the code."""

import re
from collections import defaultdict
from decimal import Decimal
from importlib import import_module
from typing import Any, get_args

import pytest

from deploy.databases import SERVICES
from services.fulfillment.shipping.queries.prints import MAX_LINES
from services.receiving.receipts.domain.records import ReceiptStatus
from services.serials.units.domain.transitions import STATUSES, TRANSITIONS
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, CloudEvent
from shared.contracts.fulfillment import OrderStatus
from shared.contracts.problems import Code
from shared.contracts.registry import all_messages
from shared.contracts.topics import TOPICS, Topic
from shared.contracts.upstream import AsnLine, ProductDefined
from shared.http import idempotency
from shared.http.labels import MAX_LABELS
from shared.http.limits import MAX_BODY_BYTES
from shared.identifiers import MAX_DECIMALS, MAX_SUBJECT_LENGTH
from shared.imports.files import MAX_FILE_BYTES
from shared.imports.xlsx_files import MAX_UNPACKED_BYTES
from shared.messaging import inbox
from shared.messaging.decode import MAX_RECORD_BYTES
from shared.ops.topics import declared_configs
from shared.settings import KafkaSettings
from tests.support.guide import GUIDE, Example, read_table

MIB = 1024 * 1024


def words_in_code_marks(text: str) -> list[str]:
    """Return the names that are marked as code."""
    return re.findall(r"`([^`\n]+)`", text)


def openapi_document(service: str) -> Any:
    """Return the OpenAPI document of a service."""
    return import_module(f"services.{service}.app").app.openapi()


def prose() -> str:
    """Return the page without its examples and outputs."""
    return re.sub(r"^```.*?^```$", "", GUIDE.read_text(), flags=re.MULTILINE | re.DOTALL)


def test_output_must_equal_the_promise_except_for_placeholders() -> None:
    """A placeholder stands for text within a line; any other difference is a failure."""
    example = Example("true", "id = …\nstatus = OPEN\n")
    assert example.accepts("id = 17\nstatus = OPEN\n")
    for output in ("id = 17\n", "id = \nstatus = OPEN\n", "id = 1\n2\nstatus = OPEN\n", "id = 17\nstatus = OPEN\nx\n"):
        assert not example.accepts(output), output
    assert Example("true", None).accepts("")
    assert not Example("true", None).accepts("unexpected")


def test_topics_agree_with_the_code() -> None:
    """Name, key, producer, retention and maximum record size of every topic."""
    rows = read_table("topic", "key", "producer", "retention", "largest record")
    assert rows == [
        [f"`{topic.name}`", topic.key, topic.producer, retention(topic), f"{topic.max_message_bytes // MIB} MiB"]
        for topic in TOPICS
    ]
    assert {declared_configs(topic, KafkaSettings())["cleanup.policy"] for topic in TOPICS} == {"delete"}


def retention(topic: Topic) -> str:
    """Return the configured retention of a topic in words."""
    milliseconds = int(declared_configs(topic, KafkaSettings())["retention.ms"])
    return "unlimited" if milliseconds == -1 else f"{milliseconds // 86_400_000} days"


def test_messages_to_send_are_complete() -> None:
    """The table lists every message of the upstream topics."""
    rows = read_table("topic", "messages", "declared in")
    listed = {words_in_code_marks(topic)[0]: words_in_code_marks(messages) for topic, messages, _ in rows[:-1]}
    assert listed == {topic.name: list(topic.messages) for topic in TOPICS if topic.kind == "upstream"}


@pytest.mark.parametrize(("kind", "statuses"), [("order", OrderStatus), ("receipt", ReceiptStatus)])
def test_statuses_are_complete(kind: str, statuses: Any) -> None:
    """Each status has a row, and every next status exists."""
    rows = read_table(f"{kind} status", "meaning", "next statuses")
    assert [words_in_code_marks(status) for status, _, _ in rows] == [[status] for status in get_args(statuses)]
    assert {status for _, _, following in rows for status in words_in_code_marks(following)} <= {*get_args(statuses)}


def test_statuses_of_units_agree_with_the_state_machine() -> None:
    """Every transition to another status is listed, and no other."""
    expected: dict[str, set[str]] = defaultdict(set)
    for (before, _), after in TRANSITIONS.items():
        if before is not None and before != after:
            expected[before].add(after)
    rows = read_table("unit status", "meaning", "next statuses")
    assert [words_in_code_marks(status)[0] for status, _, _ in rows] == list(STATUSES)
    assert {words_in_code_marks(row[0])[0]: {*words_in_code_marks(row[2])} for row in rows} == expected


def test_status_mapping_covers_every_order_status() -> None:
    """The mapping for an OMS has at least one row for each order status."""
    rows = read_table("`status`", "lines", "state in the OMS")
    assert {words_in_code_marks(status)[0] for status, _, _ in rows} == {*get_args(OrderStatus)}


def test_sizes_agree_with_the_code() -> None:
    """Every limit of the table is the one that the code applies."""
    quantity = AsnLine.model_fields["quantity"].metadata
    path = openapi_document("fulfillment")["paths"]["/orders"]
    headers = {parameter["name"]: parameter["schema"] for parameter in path["post"]["parameters"]}
    queries = {parameter["name"]: parameter["schema"] for parameter in path["get"]["parameters"]}
    envelope = CloudEvent[ProductDefined].model_json_schema()["properties"]
    assert {envelope[name]["maxLength"] for name in ("id", "source", "type")} == {255}
    expected = {
        "items per message: serial numbers, lots, lines": MAX_ITEMS_PER_MESSAGE,
        "bytes of a record that is processed": f"{MAX_RECORD_BYTES // MIB} MiB",
        "bytes of an HTTP body": f"{MAX_BODY_BYTES // MIB} MiB",
        "bytes of a file to import": f"{MAX_FILE_BYTES // MIB} MiB",
        "bytes of a workbook to import, unpacked": f"{MAX_UNPACKED_BYTES // MIB} MiB",
        "quantity of a line": f"{next(limit.le for limit in quantity if hasattr(limit, 'le')):,}",
        "decimals of a quantity": MAX_DECIMALS,
        "characters of `id`, `source` and `type`": envelope["id"]["maxLength"],
        "characters of an `Idempotency-Key`": headers["Idempotency-Key"]["maxLength"],
        "characters of an actor": MAX_SUBJECT_LENGTH,
        "items per page": queries["limit"]["maximum"],
        "labels of a response": f"{MAX_LABELS:,}",
        "content lines of a packing slip or delivery note": f"{MAX_LINES:,}",
        "days that ids of messages are remembered": inbox.RETENTION.days,
        "days that idempotency keys are remembered": idempotency.RETENTION.days,
    }
    assert dict(read_table("limit", "value")) == {name: str(value) for name, value in expected.items()}
    with pytest.raises(ValueError, match="decimal places"):
        AsnLine.model_validate({"line": "1", "sku": "A", "quantity": Decimal("0.0000001")})


def test_mentioned_names_exist() -> None:
    """Every message type, error code, and HTTP path of the text exists."""
    names = words_in_code_marks(prose())
    types = {name for name in names if re.fullmatch(r"[a-z_]+\.[a-z_]+\.v\d", name)}
    assert types - {message.TYPE for message in all_messages()} == {"order.placed.v2"}
    paths = {match[1] for name in names if (match := re.fullmatch(r"(?:(?:GET|POST) )?(/[^ ?]+)(?:\?.*)?", name))}
    documents = [openapi_document(name) for name in SERVICES]
    routes = {"/docs", "/openapi.json"}.union(*(document["paths"] for document in documents))
    examples = {"/orders/SO%2F7", "/locations/NORTH/A-01-01", "/lots/SALT/", "/reports/NAME.csv", "/reports/NAME.xlsx"}
    assert len(paths) > 20
    assert paths - examples <= routes, paths - examples - routes
    refusals = {"document_exists", "receipt_not_found", "product_not_found", "not_yet_available"}
    assert refusals | {"service_unavailable", "idempotency_key_reused"} <= {*names} & {code.value for code in Code}
