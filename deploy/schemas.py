"""Generates the JSON Schema of each message in shared/contracts/schemas and a sample in tests/unit/shared/samples.

python -m deploy.schemas          rejects changes that break producers or consumers
python -m deploy.schemas --break  accepts them, for messages that are not released yet
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from deploy.compatibility import breaking_changes
from deploy.local.files import PROJECT
from shared.contracts.envelope import Message
from shared.contracts.examples import example
from shared.contracts.registry import all_messages
from shared.contracts.unknown_fields import ClosedJsonSchema

SCHEMAS = PROJECT / "shared" / "contracts" / "schemas"
SAMPLES = PROJECT / "tests" / "unit" / "shared" / "samples"


def build_schema(message: type[Message]) -> dict[str, Any]:
    """Build the schema of a message, with its topic and key."""
    generator = ClosedJsonSchema if message.TOPIC.is_incoming else GenerateJsonSchema
    built = message.model_json_schema(schema_generator=generator)
    return {"$id": f"urn:tracelot:{message.TYPE}", "x-topic": message.TOPIC.name, "x-key": message.KEY, **built}


def to_json(content: Mapping[str, Any]) -> str:
    """Serialise a schema or sample as stored in its file."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def incompatibilities(previous: Mapping[str, Mapping[str, Any]], current: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """List the breaking changes between two sets of schemas, by message type."""
    is_published = {message.TYPE: not message.TOPIC.is_incoming for message in all_messages()}
    reasons = []
    for name, previous_schema in sorted(previous.items()):
        if name not in current:
            reasons.append(f"{name}: the message was removed")
            continue
        reasons += [
            f"{name}: {reason}"
            for reason in breaking_changes(previous_schema, current[name], is_published=is_published.get(name, True))
        ]
    return reasons


def load_schemas(folder: Path = SCHEMAS) -> dict[str, dict[str, Any]]:
    """Load the committed schemas."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def main() -> None:
    """Write all schemas, and samples of messages that have none."""
    current = {message.TYPE: build_schema(message) for message in all_messages()}
    if (reasons := incompatibilities(load_schemas(), current)) and "--break" not in sys.argv:
        sys.exit("\n".join([*reasons, "Add a new version of the message (`….v2`) and keep the old one."]))
    SCHEMAS.mkdir(exist_ok=True)
    SAMPLES.mkdir(exist_ok=True)
    for file in SCHEMAS.glob("*.json"):
        if file.stem not in current:
            file.unlink()
    for name, content in current.items():
        (SCHEMAS / f"{name}.json").write_text(to_json(content))
    for message in all_messages():
        if not (sample := SAMPLES / f"{message.TYPE}.json").exists():
            sample.write_text(to_json(example(message)))


if __name__ == "__main__":
    main()
