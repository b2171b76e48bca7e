"""Fuzzing with a budget: some examples by default, and as many as fit in `FUZZ_SECONDS` if it is set."""

import os
import time
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))


def fuzz(check: Callable[[Any], None], values: st.SearchStrategy[Any], examples: int) -> None:
    """Check values at random, at least once; Hypothesis reduces what fails to its simplest form."""
    run = settings(max_examples=examples, database=None)(given(values)(check))
    end = time.monotonic() + SECONDS
    run()
    while time.monotonic() < end:  # other examples each time
        run()


@st.composite
def damaged(draw: st.DrawFn, contents: st.SearchStrategy[bytes]) -> bytes:
    """Draw bytes, of which parts are cut off, repeated, replaced or inserted."""
    content = draw(contents)
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 64)))
        part = draw(st.one_of(st.just(b""), st.just(content[start:end] * 3), st.binary(max_size=16)))
        content = content[:start] + part + content[end:]
    return content
