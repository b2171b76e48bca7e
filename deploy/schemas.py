"""Writes each message's JSON Schema into shared/contracts/schemas, and an example of it beside the tests.

python -m deploy.schemas          refuses a change that would break senders or readers
python -m deploy.schemas --break  takes it, for messages that nobody outside uses yet
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.compatibility import breaks
from deploy.local.files import PROJECT
from shared.contracts.envelope import Fact
from shared.contracts.examples import example
from shared.contracts.registry import messages

SCHEMAS = PROJECT / "shared" / "contracts" / "schemas"
SAMPLES = PROJECT / "tests" / "contracts" / "samples"


def schema(message: type[Fact]) -> dict[str, Any]:
    """A message's schema, with the topic and the key it travels under."""
    made = message.model_json_schema()
    return {"$id": f"urn:tracelot:{message.TYPE}", "x-topic": message.TOPIC.name, "x-key": message.KEY, **made}


def text(content: Mapping[str, Any]) -> str:
    """As it stands in its file."""
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def refusals(kept: Mapping[str, Mapping[str, Any]], made: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Every reason why the schemas in `made` may not replace those in `kept`, by message type."""
    written = {message.TYPE: message.TOPIC.kind in {"events", "reference"} for message in messages()}
    found = []
    for name, old in sorted(kept.items()):
        if name not in made:
            found.append(f"{name}: the message is gone")
            continue
        found += [f"{name}: {reason}" for reason in breaks(old, made[name], ours=written.get(name, True))]
    return found


def kept(folder: Path = SCHEMAS) -> dict[str, dict[str, Any]]:
    """The schemas as they were last written."""
    return {file.stem: json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))}


def main() -> None:
    """Write schemas, and examples of messages that have none."""
    made = {message.TYPE: schema(message) for message in messages()}
    if (found := refusals(kept(), made)) and "--break" not in sys.argv:
        sys.exit("\n".join([*found, "Make it a new version of the message, `….v2`, beside the old one."]))
    SCHEMAS.mkdir(exist_ok=True)
    SAMPLES.mkdir(exist_ok=True)
    for file in SCHEMAS.glob("*.json"):
        if file.stem not in made:
            file.unlink()
    for name, content in made.items():
        (SCHEMAS / f"{name}.json").write_text(text(content))
    for message in messages():
        if not (sample := SAMPLES / f"{message.TYPE}.json").exists():
            sample.write_text(text(example(message)))


if __name__ == "__main__":
    main()
