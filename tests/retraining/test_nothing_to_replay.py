"""Reports that offer no epoch to train again: one clear line each, and no traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfWriter

from runner import practice
from runner.build_folder import EXPERIMENTS, PLAN_FOLDER
from runner.errors import InputError
from runner.plan.variants import DEFAULT_PLAN
from runner.report.attachments import MANIFEST
from runner.retraining.replay import replay
from runner.retraining.replayable import replayable
from tests.verify.conftest import Change, Small, attached_streams

pytestmark = pytest.mark.xdist_group("verify")


def no_toml(writer: PdfWriter) -> None:
    attached_streams(writer.root_object)[f"{PLAN_FOLDER}--{EXPERIMENTS}"].set_data(b"= [")


def no_manifest(writer: PdfWriter) -> None:
    attached_streams(writer.root_object)[MANIFEST].set_data(b"{}")


def newer(writer: PdfWriter) -> None:
    file = attached_streams(writer.root_object)[MANIFEST]
    manifest = json.loads(file.get_data())
    manifest["made_with"]["runner"] = "999.0"
    file.set_data(json.dumps(manifest).encode())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (newer, "made by version 999.0 of this program, which is newer"),
        (lambda writer: None, "made by a version that kept no chains of states"),
        (no_toml, "another practice|experiments file can't be read"),
        (no_manifest, "no report of this program"),
    ],
    ids=["newer", "no chains", "no plan", "no manifest"],
)
def test_reports_that_offer_nothing_to_replay_are_bad_input(
    change: Change, words: str, small: Small, altered: Callable[[Change], Path]
) -> None:
    with pytest.raises(InputError) as raised:
        replay(altered(change), small.plan, "", None)
    assert any(each in str(raised.value) for each in words.split("|")), raised.value


def test_a_practice_that_trains_nothing_again_is_bad_input(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(practice, "replay")
    with pytest.raises(InputError, match=r"its practice \(runner\.practice\) offers no replay"):
        list(replayable(small.pdf, small.plan, tmp_path))


def test_a_pdf_of_another_program_is_bad_input(tmp_path: Path) -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(tmp_path / "other.pdf")
    with pytest.raises(InputError, match="no report of this program"):
        replay(tmp_path / "other.pdf", DEFAULT_PLAN, "", None)
