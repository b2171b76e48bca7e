"""Serial shipping container codes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.fulfillment.shipping.domain.sscc import build_sscc, count_references
from shared.scans import classify
from shared.settings import SsccSettings


def test_the_example_of_gs1() -> None:
    """S21: extension digit, company prefix, serial reference, check digit."""
    assert build_sscc("1", "2345678", 901234567) == "123456789012345675"


@given(prefix=st.from_regex("[0-9]{4,12}", fullmatch=True), extension=st.sampled_from("0123456789"), data=st.data())
def test_sscc_is_valid_and_distinct(prefix: str, extension: str, data: st.DataObject) -> None:
    """S21: a scanner reads it as SSCC; numbers differ until the serial references are used up."""
    capacity = count_references(prefix)
    number = data.draw(st.integers(0, 3 * capacity))
    sscc = build_sscc(extension, prefix, number)
    assert classify(f"]C100{sscc}").elements == (("00", sscc),)
    assert build_sscc(extension, prefix, number + capacity) == sscc
    assert build_sscc(extension, prefix, number + 1) != sscc


@pytest.mark.parametrize("setting", [{"company_prefix": "123"}, {"company_prefix": "12A4"}, {"extension_digit": "10"}])
def test_an_invalid_setting_stops_the_start(setting: dict[str, str]) -> None:
    """S21: no carton gets an SSCC that GS1 would not accept."""
    with pytest.raises(ValidationError):
        SsccSettings.model_validate(setting)
