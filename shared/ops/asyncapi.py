"""AsyncAPI 3 document of a service, generated from the contracts."""

import json
import re
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.topics import TOPICS, Topic
from shared.contracts.unknown_fields import ClosedJsonSchema
from shared.messaging.registry import HandlerRegistry

SCHEMA_REF = "#/components/schemas/{model}"
GENERIC_ENVELOPE_NAME = re.compile(r'\bCloudEvent_(\w+?)_(?=")')


def published_by(service: str) -> list[type[Message]]:
    """List the messages on the topics of a service."""
    return [message for topic in TOPICS if topic.producer == service for message in topic.messages.values()]


def _channel(topic: Topic, topic_prefix: str) -> dict[str, Any]:
    description = f"Key: {topic.key}. Producer: {topic.producer}."
    return {"address": topic_prefix + topic.name, "description": description, "messages": {}}


def _operation(action: str, topic: Topic, messages: list[type[Message]]) -> dict[str, Any]:
    channel = f"#/channels/{topic.name}"
    message_refs = [{"$ref": f"{channel}/messages/{message.TYPE}"} for message in messages]
    return {"action": action, "channel": {"$ref": channel}, "messages": message_refs}


def build_document(registry: HandlerRegistry, topic_prefix: str = "") -> dict[str, Any]:
    """Build the document of a service; the addresses of its channels are the topics on the broker."""
    received = list(dict.fromkeys(handler.message for handler in registry.handlers))
    published = published_by(registry.service)
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    for action, messages in (("receive", received), ("send", published)):
        for topic in {message.TOPIC.name: message.TOPIC for message in messages}.values():
            topic_messages = [message for message in messages if message.TOPIC is topic]
            channels.setdefault(topic.name, _channel(topic, topic_prefix))["messages"] |= {
                message.TYPE: {"$ref": f"#/components/messages/{message.TYPE}"} for message in topic_messages
            }
            operations[f"{action}.{topic.name}"] = _operation(action, topic, topic_messages)
    message_objects = {
        message.TYPE: {
            "name": message.TYPE,
            "summary": (message.__doc__ or "").split("\n", 1)[0],
            "contentType": "application/cloudevents+json",
            "payload": {"$ref": SCHEMA_REF.format(model=f"CloudEvent_{message.__name__}_")},
        }
        for message in (*received, *published)
    }
    return _rename_envelopes(
        {
            "asyncapi": "3.0.0",
            "info": {"title": f"Tracelot {registry.service}", "version": "0.1.0"},
            "defaultContentType": "application/cloudevents+json",
            "channels": channels,
            "operations": operations,
            "components": {"messages": message_objects, "schemas": _schemas([*received, *published])},
        }
    )


def _schemas(messages: list[type[Message]]) -> dict[str, Any]:
    """Return the schemas of messages: of ours open, of others closed; a model of both has one for each."""
    schemas: dict[bool, dict[str, Any]] = {}
    for is_incoming, generator in ((False, GenerateJsonSchema), (True, ClosedJsonSchema)):
        models = [CloudEvent[message] for message in messages if message.TOPIC.is_incoming is is_incoming]  # type: ignore[valid-type]
        _, schema = models_json_schema(
            [(model, "validation") for model in models], ref_template=SCHEMA_REF, schema_generator=generator
        )
        schemas[is_incoming] = schema.get("$defs", {})
    incoming = json.dumps(schemas[True])
    for name in schemas[True].keys() & schemas[False].keys():
        incoming = incoming.replace(f'/{name}"', f'/{name}Input"').replace(f'"{name}": {{', f'"{name}Input": {{')
    return {**schemas[False], **json.loads(incoming)}


def _rename_envelopes(document: dict[str, Any]) -> dict[str, Any]:
    """Replace Pydantic's `CloudEvent_ReceiptClosed_` by `ReceiptClosedCloudEvent`."""
    renamed: dict[str, Any] = json.loads(GENERIC_ENVELOPE_NAME.sub(r"\1CloudEvent", json.dumps(document)))
    return renamed
