"""Dispatch approvals, which tell what may leave in spite of a later hold."""

from shared.persistence.migrate import dispatch_approvals

revision = "0007_dispatch_approvals"
down_revision = "0006_ledger_documents"


def upgrade() -> None:
    dispatch_approvals()
