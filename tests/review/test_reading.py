"""What is read of a report to be compared, and how much of it is kept."""

from __future__ import annotations

import pytest

from runner.plan.variants import templates_of
from runner.review import reading
from runner.review.records import PARAMETER
from tests.verify.conftest import Small

pytestmark = pytest.mark.xdist_group("verify")


def test_a_report_gives_its_trainings_and_claims(small: Small) -> None:
    found = reading.read_hand_in(small.parcel, "small.pdf", templates_of(small.plan), with_claims=True)
    run = found.runs["good"]
    assert (found.fault, found.shown, found.profile) == ("", "good", "smoke")
    assert found.claims and found.accuracy is not None and found.questions is not None
    assert run.settings[f"{PARAMETER}batch_size"] == "64"
    assert run.losses is not None and len(run.losses) == run.hits["test"].cases


def test_losses_are_kept_as_long_as_there_is_room(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    one = reading.read_hand_in(small.parcel, "small.pdf", templates_of(small.plan)).runs["good"]
    assert one.losses is not None and one.predicted is not None
    for most, kept in ((one.losses.nbytes + one.predicted.nbytes, True), (one.losses.nbytes, False)):
        monkeypatch.setattr(reading, "LIKENESS_BYTES", most)
        found = reading.read_hand_in(small.parcel, "small.pdf", templates_of(small.plan)).runs["good"]
        assert (found.losses is not None) == kept
        assert found.predictions == one.predictions
