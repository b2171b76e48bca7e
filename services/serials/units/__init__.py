"""Lifecycle of serial-tracked units: status transitions, locations, holds, recalls and audit trail."""
