"""Lengths of time, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.durations import in_words, parse_duration
from runner.errors import InputError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("45m", 2700), ("2h", 7200), ("1h30m", 5400), ("90s", 90), (" 1H ", 3600), ("1h1m1s", 3661)],
)
def test_durations_as_users_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "45", "m", "0m", "-5m", "1.5h", "30m1h", "1 h", "soon", "5d"])
def test_anything_else_is_refused_with_the_forms_that_work(text: str) -> None:
    with pytest.raises(InputError, match="no length of time") as caught:
        parse_duration(text)
    assert "1h30m" in str(caught.value)


@given(st.integers(1, 10**6))
def test_words_and_writing_agree(seconds: int) -> None:
    written = in_words(seconds).replace("min", "m").replace(" ", "")
    assert parse_duration(written) == seconds


def test_words_leave_out_what_is_zero() -> None:
    assert in_words(2700) == "45 min"
    assert in_words(5400) == "1 h 30 min"
