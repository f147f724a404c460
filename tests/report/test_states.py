"""States of trainings go with the report as far as it stays a message; the largest are left out first."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from runner import limits
from runner.report.attachments import fitting
from runner.report.printing.attached import Attached


def files(**bytes_of: int) -> list[Attached]:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return [Attached(f"results/{name}/state-1.npz", bytes(size), made) for name, size in bytes_of.items()]


def names(found: list[Attached]) -> list[str]:
    return [each.path.split("/")[1] for each in found]


def test_the_largest_states_are_left_out_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ATTACHED_WITH_STATES", 100)
    assert names(fitting(files(a=40, b=60))) == ["a", "b"]
    kept = fitting(files(c=90, a=40, b=60))
    assert names(kept) == ["a", "b"]
    assert fitting(kept) == kept  # so a report made again from its attachments is the same


def test_what_is_too_large_for_mail_anyway_may_be_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the two, states would make a report too large that was not so."""
    monkeypatch.setattr(limits, "ATTACHED_WITH_STATES", 100)
    monkeypatch.setattr(limits, "ATTACHED_FOR_MAIL", 130)
    monkeypatch.setattr(limits, "ATTACHED_AT_MOST", 180)
    made = datetime(2026, 1, 1, tzinfo=UTC)
    for rest, kept in ((60, ["a"]), (61, []), (130, []), (131, ["a"]), (141, [])):
        others = [Attached("results/a/predictions.npz", bytes(rest), made)]
        found = fitting([*others, *files(a=40, b=60)])
        assert found[:1] == others and names(found[1:]) == kept
        assert fitting(found) == found


def test_whatever_else_is_attached_stays_and_takes_its_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ATTACHED_WITH_STATES", 100)
    made = datetime(2026, 1, 1, tzinfo=UTC)
    others = [
        Attached("results/a/predictions.npz", bytes(50), made),
        Attached("notebooks/state-1.npz", bytes(10), made),
        Attached("notebooks/a.ipynb", b'"image/png": "01234567"' + bytes(20), made),  # base64, and 35
        Attached("a.whl", bytes(4), made),
        Attached("results/a/result.json", bytes(6), made),
    ]
    assert fitting([*others, *files(a=25)]) == [*others, *files(a=25)]
    assert fitting([*others, *files(a=26)]) == others
    assert fitting([*others, Attached("results/a/big.npz", bytes(500), made)])[-1].path.endswith("big.npz")
