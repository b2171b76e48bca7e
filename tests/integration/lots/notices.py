"""Twenty forms of recall notices, with the lots that each must find and the numbers that it must report.

Products are named {food}, {ham}, {pump} and {kit}; they share one lot number.
"""

from collections.abc import Mapping
from typing import NamedTuple

GTINS: Mapping[str, str] = {"food": "036000291452", "kit": "09521234543213"}
NAMES: Mapping[str, str] = {
    "food": "Harbour Farm Yoghurt 150 g", "ham": "Smoked Ham", "pump": "Drip Pump", "kit": "Suture Kit",
}  # fmt: skip
LOTS: Mapping[str, Mapping[str, str]] = {
    "food": {
        "K7100": "2027-05-02", "K7101": "2027-05-09", "K7102": "2027-05-10", "L 22 45": "2027-02-20",
        "B77-1": "2027-08-01",
    },
    "ham": {"5H42148": "2027-03-01", "182 2N": "2027-03-02", "B77-1": "2027-08-01", "00112": "2027-06-05"},
    "pump": {
        "PX1001": "2030-01-01", "PX1004": "2030-01-01", "PX1009": "2030-01-01", "00392/174": "2030-01-01",
        "(A17B)": "2030-01-01",
    },
    "kit": {"10412": "2031-05-31", "02084": "2031-06-30", "ALPHA & CO": "2031-05-15"},
}  # fmt: skip
"""Lots with their expiry by product."""


class NoticeForm(NamedTuple):
    """A notice, the lots that it finds, the numbers without a match, and the date order if it is known."""

    name: str
    text: str
    found: Mapping[str, set[str]]
    unmatched: tuple[str, ...] = ()
    date_order: str | None = None
    ambiguous_dates: tuple[str, ...] = ()


FORMS = (
    NoticeForm(
        "enforcement table",
        "Class II | {food} | Codes:\tK7100/K7101, K7999 | Quantity 240 cases",
        {"food": {"K7100", "K7101"}},
        ("K7999", "240"),
    ),
    NoticeForm("code or less", "{ham}: CODE 182 2N or less, and 5H42148.", {"ham": {"182 2N", "5H42148"}}),
    NoticeForm("blanks inside", "Lots affected: L 22 45, L 22 46 ({food})", {"food": {"L 22 45"}}, ("22", "46")),
    NoticeForm("no blanks", "{ham} LOT1822N\nLOT5H42148", {"ham": {"182 2N", "5H42148"}}),
    NoticeForm("ampersand", "{food}: K7100&K7102", {"food": {"K7100", "K7102"}}),
    NoticeForm("quantities behind", "K7100(5) K7101(3) of {food}", {"food": {"K7100", "K7101"}}),
    NoticeForm(
        "sell-by range",
        "Sell by 05/02/27 through 05/09/27, UPC 0 36000 29145 2.",
        {"food": {"K7100", "K7101"}},
        date_order="MDY",
    ),
    NoticeForm(
        "sell-by range of unknown order",
        "Sell by 05/02/27 through 05/09/27, UPC 0-36000-29145-2.",
        {"food": {"K7100", "K7101", "K7102", "L 22 45", "B77-1"}},
        ambiguous_dates=("05/02/27 through 05/09/27",),
    ),
    NoticeForm(
        "best before end of month", "Best before end: 05 2031. GTIN 9521234543213", {"kit": {"10412", "ALPHA & CO"}}
    ),
    NoticeForm("numeric range", "Item {kit}, lots 02000 through 10412 inclusive", {"kit": {"10412", "02084"}}),
    NoticeForm("spaced dash", "{pump} serial/lot PX1001 - PX1004", {"pump": {"PX1001", "PX1004"}}),
    NoticeForm("shortened range", "{pump} PX1001–04 and PX1012", {"pump": {"PX1001", "PX1004"}}, ("PX1012",)),
    NoticeForm(
        "slash and quotes",
        "REF {pump} \u201c00392/174\u201d, \u201c00392/175\u201d",
        {"pump": {"00392/174"}},
        ("00392/175",),
    ),
    NoticeForm("line break in a number", "{pump}: 00392/\n174; ( A17B )", {"pump": {"00392/174", "(A17B)"}}),
    NoticeForm("words as a number", "{kit} Charge: alpha & co", {"kit": {"ALPHA & CO"}}),
    NoticeForm("number of two products", "Lot B77-1 of {ham} only", {"ham": {"B77-1"}}),
    NoticeForm("element string", "(01)09521234543213(17)310531(10)02084", {"kit": {"02084"}}, ("310531",)),
    NoticeForm("lower", "{kit} lot 02084 and lower", {"kit": {"02084"}}),
    NoticeForm("all lots", "Alle Chargen von {ham} werden zurückgerufen.", {"ham": set(LOTS["ham"])}),
    NoticeForm(
        "number without product",
        "Rückruf: Los-Nr. 5H42148 sowie 5H42150, MHD 01.03.2027",
        {"ham": {"5H42148"}},
        ("5H42150",),
        ambiguous_dates=("01.03.2027",),
    ),
)
