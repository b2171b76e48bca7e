"""Dispatch approvals, which tell what may leave in spite of a later hold."""

from shared.persistence.migrate import dispatch_approvals

revision = "0008_dispatch_approvals"
down_revision = "0007_counts"


def upgrade() -> None:
    dispatch_approvals()
