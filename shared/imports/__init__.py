"""Import of files: reading CSV and XLSX as text, kinds of rows, staged rows and their processing in sets."""

from shared.imports.kinds import DEFAULT, Column, Fields, ImportKind, ReportColumn, RowError, RowSet

__all__ = ["DEFAULT", "Column", "Fields", "ImportKind", "ReportColumn", "RowError", "RowSet"]
