"""What a scanned text is, as far as the text alone says it."""

from shared.scans.classification import Scan, ScanKind, classify, misread_as

__all__ = ["Scan", "ScanKind", "classify", "misread_as"]
