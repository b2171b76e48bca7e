"""The life of each serialised unit: one transition table, its place, its holds, its audit trail."""
