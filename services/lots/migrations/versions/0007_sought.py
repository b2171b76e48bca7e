"""What open recalls look for among the lots that arrive later."""

from shared.migrate import grant, sql

revision = "lots_0007"
down_revision = "lots_0006"

SOUGHT = """
-- a word or range of a notice, in lower case, or a lot as it was named; of the products named, or of any
CREATE TABLE recall_sought (
    recall text COLLATE "C" NOT NULL,
    kind text NOT NULL CHECK (kind IN ('WORD', 'RANGE', 'LOT')),
    first text COLLATE "C" NOT NULL,
    last text COLLATE "C" NOT NULL,
    skus text[] NOT NULL
);
CREATE INDEX recall_sought_first ON recall_sought (kind, first);
"""


def upgrade() -> None:
    sql(SOUGHT)
    grant("recall_sought", "SELECT, INSERT")
