"""What a scanned text is, as far as the text alone says it."""

from shared.scans.classification import Scan, ScanKind, classify, misread_as, read_sscc
from shared.scans.contents import Contents
from shared.scans.problems import ScanProblem, ScanProblemCode
from shared.scans.substitutes import use_substitute

__all__ = [
    "Contents",
    "Scan",
    "ScanKind",
    "ScanProblem",
    "ScanProblemCode",
    "classify",
    "misread_as",
    "read_sscc",
    "use_substitute",
]
