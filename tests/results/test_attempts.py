"""What is known of the attempts that were cut off."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from runner.build_folder import ATTEMPT_FILE, checkpoint_folder
from runner.commands.run import forget_attempts
from runner.plan.variants import DEFAULT_PLAN, make_plan
from runner.results import attempts


def test_the_next_attempt_adds_up_time_and_keeps_the_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "one"
    assert attempts.begin(folder, "k", threads=1).interruptions == 0
    monkeypatch.setattr(attempts, "time", SimpleNamespace(monotonic=lambda: 5100.0))
    monkeypatch.setenv(attempts.BEGAN, "5000.0")
    attempts.note_seconds(folder)
    second = attempts.begin(folder, "k", threads=2)
    assert (second.interruptions, second.threads) == (1, 1)
    assert second.earlier_seconds == 100
    third = attempts.begin(folder, "k", threads=2)  # it ended before it said anything
    assert (third.interruptions, third.earlier_seconds) == (2, second.earlier_seconds)


@pytest.mark.parametrize("damage", ["", "{", '{"key": 3}', '{"key": "other", "threads": 1}'])
def test_what_is_damaged_or_of_another_key_goes(tmp_path: Path, damage: str) -> None:
    attempts.begin(tmp_path, "k", threads=1)
    (tmp_path / ATTEMPT_FILE).write_text(damage)
    (tmp_path / "epoch-2.npz").write_text("x")
    assert attempts.begin(tmp_path, "k", threads=2) == attempts.Attempt(key="k", threads=2)
    assert [path.name for path in tmp_path.iterdir()] == [ATTEMPT_FILE]


def test_force_forgets_only_what_is_run_again(tmp_path: Path) -> None:
    variants = make_plan(DEFAULT_PLAN, "smoke").variants[:2]
    for variant in variants:
        attempts.begin(checkpoint_folder(tmp_path, variant.name), "k", threads=1)
    forget_attempts(tmp_path, variants[:1])
    left = [path.name for path in checkpoint_folder(tmp_path, "x").parent.iterdir()]
    assert left == [variants[1].name]
