"""Dates and times are those of the user's clock, and the zone is told and kept."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runner import PROJECT_ROOT
from runner.analysis.loading import load_study
from runner.language.zone import in_zone, offset_words, read_zone
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.report.claims.metric import value_at
from runner.report.claims.numbers import Ledger, Measured
from runner.report.functions.filters import NumberFilters
from tests.made_up import START, Story, make_study

EVENING = datetime(2026, 11, 29, 3, 5, tzinfo=UTC)  # of the 28th, in Mexico


@pytest.mark.parametrize(
    ("setting", "name", "words"),
    [
        ("America/Mexico_City", "America/Mexico_City", "28 21:05 UTC−6"),
        (":Asia/Kolkata", "Asia/Kolkata", "29 08:35 UTC+5:30"),
        ("Europe/Madrid", "Europe/Madrid", "29 04:05 UTC+1"),
        ("<-06>6", "UTC-06:00", "28 21:05 UTC−6"),
        ("<+0545>-5:45", "UTC+05:45", "29 08:50 UTC+5:45"),
        ("Mars/Olympus", "UTC+00:00", "29 03:05 UTC"),
    ],
)
def test_the_zone_is_that_of_the_system(setting: str, name: str, words: str) -> None:
    code = "from runner.language.zone import local_zone; print(local_zone())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=PROJECT_ROOT,
        env={"TZ": setting, "PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == name
    local = in_zone(EVENING, name)
    assert f"{local:%d %H:%M} {offset_words(local)}" == words


def test_summer_is_another_offset() -> None:
    assert offset_words(in_zone(datetime(2026, 7, 1, tzinfo=UTC), "Europe/Madrid")) == "UTC+2"


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../UTC", "/etc/localtime", "UTC+6", "UTC-0600", "\0"])
def test_no_zone_is_an_error(name: str) -> None:
    with pytest.raises((LookupError, ValueError, OSError)):
        read_zone(name)


def test_the_report_tells_the_user_s_day_and_time(tmp_path: Path) -> None:
    """The cover has the day that it was there; the appendix says of which zone its times are."""
    study = make_study(tmp_path, Story(images=(60, 50)))
    assert study.author.date == "15 de enero de 2026"
    plan = replace(make_plan(DEFAULT_PLAN, "full"), zone="Pacific/Kiritimati")
    there = load_study(plan, tmp_path)
    assert there.author.date == "16 de enero de 2026"
    moment = NumberFilters(Ledger(), zone=there.zone).all()["moment"]
    assert "16 ene 2026, 2:00 UTC+14" in moment(Measured(START, "baseline", value_at("finished")))
