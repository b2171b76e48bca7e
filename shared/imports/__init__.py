"""Import of files: reading CSV and XLSX as text, kinds of rows, staged rows and their processing in sets."""

from shared.imports.kinds import Column, Fields, ImportKind, RowSet

__all__ = ["Column", "Fields", "ImportKind", "RowSet"]
