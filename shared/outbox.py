"""What a transaction has to say, kept in it, as finished CloudEvents; `shared.relay` publishes them."""

from collections.abc import Iterable, Mapping
from datetime import UTC

from sqlalchemy import text

from shared.contracts.envelope import OUR_SOURCES, Fact
from shared.database import Transaction, new_id

APPEND = text("""
    INSERT INTO outbox (topic, key, value)
    SELECT topic, key, value FROM unnest(CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:values AS bytea[]))
    WITH ORDINALITY AS said (topic, key, value, place) ORDER BY place
""")


def source_of(service: str) -> str:
    """The CloudEvents source of what a service says."""
    return f"{OUR_SOURCES}{service}"


async def append(
    tx: Transaction, service: str, facts: Iterable[Fact], traces: Mapping[tuple[str, str], str] | None = None
) -> int:
    """Keep facts to be published in this order, after the locks were taken; `traces` maps a cause to its traceparent.

    With the locks taken first, rows of one key get their ids in the order of their commits, which the relay relies on.
    """
    time = tx.now.astimezone(UTC).isoformat().replace("+00:00", "Z")
    head = f'{{"specversion":"1.0","source":"{source_of(service)}","time":"{time}","id":"'
    topics, keys, values = [], [], []
    for fact in facts:
        trace = ""
        if traces and fact.cause and (parent := traces.get((fact.cause.source, fact.cause.id))):
            trace = f'"traceparent":"{parent}",'
        frame = f'{head}{new_id()}","type":"{fact.TYPE}",{trace}"datacontenttype":"application/json","data":'
        topics.append(fact.TOPIC.name)
        keys.append(fact.key())
        values.append(frame.encode() + fact.__pydantic_serializer__.to_json(fact, exclude_none=True) + b"}")
    if values:
        await tx.run(APPEND, {"topics": topics, "keys": keys, "values": values})
    return len(values)
