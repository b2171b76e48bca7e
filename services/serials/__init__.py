"""The registry of serialised units: status, place, holds, allocation, audit trail, lookup."""
