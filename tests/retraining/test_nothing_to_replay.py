"""Reports that offer no epoch to train again: one clear line each, and no traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfWriter

from runner.errors import InputError
from runner.plan.variants import DEFAULT_PLAN
from runner.report.attachments import EXPERIMENTS, MANIFEST, PLAN_FOLDER
from runner.retraining.replay import replay
from tests.verify.conftest import Change, Small, attached_streams

pytestmark = pytest.mark.xdist_group("verify")


def without(practice: str) -> Change:
    def change(writer: PdfWriter) -> None:
        file = attached_streams(writer.root_object)[f"{PLAN_FOLDER}--{EXPERIMENTS}"]
        file.set_data(file.get_data().replace(f'practice = "{practice}"'.encode(), b""))

    return change


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
        (without("runner.practice"), "its practice (no practice) offers no replay"),
        (no_toml, "another practice|experiments file can't be read"),
        (no_manifest, "no report of this program"),
    ],
    ids=["newer", "no chains", "no replay", "no plan", "no manifest"],
)
def test_reports_that_offer_nothing_to_replay_are_bad_input(
    change: Change, words: str, small: Small, altered: Callable[[Change], Path]
) -> None:
    with pytest.raises(InputError) as raised:
        replay(altered(change), small.plan, "", None)
    assert any(each in str(raised.value) for each in words.split("|"))


def test_a_pdf_of_another_program_is_bad_input(tmp_path: Path) -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(tmp_path / "other.pdf")
    with pytest.raises(InputError, match="no report of this program"):
        replay(tmp_path / "other.pdf", DEFAULT_PLAN, "", None)
