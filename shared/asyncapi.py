"""What a service says and hears over Kafka, as an AsyncAPI 3 document made from the contracts."""

from typing import Any

from pydantic.json_schema import models_json_schema

from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.topics import TOPICS, Topic
from shared.decision import Map

REF = "#/components/schemas/{model}"


def says(service: str) -> list[type[Fact]]:
    """Every message on the topics that a service writes."""
    return [message for topic in TOPICS if topic.writer == service for message in topic.messages.values()]


def _channel(topic: Topic) -> dict[str, Any]:
    description = f"Keyed by {topic.key}, written by {topic.writer}."
    return {"address": topic.name, "description": description, "messages": {}}


def _operation(action: str, topic: Topic, messages: list[type[Fact]]) -> dict[str, Any]:
    at = f"#/channels/{topic.name}"
    listed = [{"$ref": f"{at}/messages/{message.TYPE}"} for message in messages]
    return {"action": action, "channel": {"$ref": at}, "messages": listed}


def document(of: Map) -> dict[str, Any]:
    """The document of one service."""
    heard, said = [row.message for row in of.rows], says(of.service)
    framed = {message.TYPE: CloudEvent[message] for message in (*heard, *said)}  # type: ignore[valid-type]
    _, whole = models_json_schema([(model, "validation") for model in framed.values()], ref_template=REF)
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for action, messages in (("receive", heard), ("send", said)):
        for topic in {message.TOPIC.name: message.TOPIC for message in messages}.values():
            some = [message for message in messages if message.TOPIC is topic]
            channels.setdefault(topic.name, _channel(topic))["messages"] |= {
                message.TYPE: {"$ref": f"#/components/messages/{message.TYPE}"} for message in some
            }
            operations[f"{action} {topic.name}"] = _operation(action, topic, some)
    shown = {
        message.TYPE: {
            "name": message.TYPE,
            "summary": (message.__doc__ or "").split("\n", 1)[0],
            "contentType": "application/cloudevents+json",
            "payload": {"$ref": REF.format(model=f"CloudEvent_{message.__name__}_")},
        }
        for message in (*heard, *said)
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": f"Tracelot {of.service}", "version": "0.1.0"},
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": shown, "schemas": whole.get("$defs", {})},
    }
