"""Who signs: flags win over what earlier flags told, and those over the experiments file until it changes."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.commands.request import Request, load_plan, remember
from runner.plan.variants import DEFAULT_PLAN


@pytest.fixture
def experiments(tmp_path: Path) -> Path:
    for notebook in DEFAULT_PLAN.parent.glob("*.ipynb"):
        (tmp_path / notebook.name).write_bytes(notebook.read_bytes())
    path = tmp_path / "experiments.toml"
    sign(path, "Del Fichero")
    return path


def sign(path: Path, name: str) -> None:
    text = DEFAULT_PLAN.read_text(encoding="utf-8")
    assert "names = []" in text
    path.write_text(text.replace("names = []", f'names = ["{name}"]'), encoding="utf-8")


def names(experiments: Path, *given: str) -> tuple[str, ...]:
    """Those of a command with flags or without, which the build folder then remembers."""
    build = experiments.parent / "build"
    build.mkdir(exist_ok=True)
    plan = load_plan(Request(build_dir=build, plan_path=experiments, names=given))
    remember(plan, build)
    return plan.author.names


def test_flags_are_remembered_over_the_file(experiments: Path) -> None:
    assert names(experiments) == ("Del Fichero",)
    assert names(experiments, "Ana Núñez", "Luis Gil") == ("Ana Núñez", "Luis Gil")
    assert names(experiments) == ("Ana Núñez", "Luis Gil")


def test_a_file_that_changed_since_wins(experiments: Path) -> None:
    assert names(experiments, "Ana Núñez") == ("Ana Núñez",)
    sign(experiments, "Otra Persona")
    assert names(experiments) == ("Otra Persona",)
    assert names(experiments) == ("Otra Persona",)
