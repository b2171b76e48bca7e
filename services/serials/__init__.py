"""Serials service: status, location, holds, allocation, audit trail and lookup of serial-tracked units."""
