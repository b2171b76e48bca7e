"""Dispatch approvals, which tell what may leave in spite of a later hold."""

from shared.persistence.migrate import dispatch_approvals

revision = "0009_dispatch_approvals"
down_revision = "0008_variances"


def upgrade() -> None:
    dispatch_approvals()
