"""What makes a result stale: what changes its digits, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from runner.execute.keys import changed_parts, content_of, key_parts
from runner.file_index import FileIndex
from runner.plan.variants import DEFAULT_PLAN

NOTEBOOK = DEFAULT_PLAN.parent / "experiment.ipynb"
PARAMETERS = {"dataset": "digits", "epochs": 1}


def edited(folder: Path, change: tuple[str, str] | None = None, prose: str = "") -> Path:
    content = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        source = "".join(cell["source"])
        if change and cell["cell_type"] == "code":
            source = source.replace(*change)
        if prose and cell["cell_type"] == "markdown":
            source += prose
        cell["source"] = source
    path = folder / f"{abs(hash((change, prose)))}.ipynb"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def parts(notebook: Path = NOTEBOOK, **parameters: object) -> dict[str, str]:
    return key_parts(content(notebook), {**PARAMETERS, **parameters}, {}, "runner.practice")


def content(notebook: Path = NOTEBOOK) -> Mapping[str, str]:
    given = frozenset({"variant", "parameters"})
    return content_of(notebook, FileIndex(None), given=given, training=True).parts


def test_prose_comments_and_formatting_change_nothing(tmp_path: Path) -> None:
    for notebook in (
        edited(tmp_path, prose="\n\nMás prosa."),
        edited(tmp_path, ("figures.use_style()", "figures.use_style()  # un comentario")),
        edited(tmp_path, ("figures.use_style()", "figures.use_style(\n)")),
    ):
        assert changed_parts(parts(), parts(notebook)) == ()


def test_code_changes_the_notebook_part(tmp_path: Path) -> None:
    notebook = edited(tmp_path, ("verbose=2", "verbose=1"))
    assert changed_parts(parts(), parts(notebook)) == ("notebook",)


def test_parameters_and_data_have_parts_of_their_own() -> None:
    assert changed_parts(parts(), parts(epochs=2)) == ("parameters",)
    assert changed_parts(parts(), parts(dataset="cifar10")) == ("data", "parameters")


def test_imported_code_counts_but_not_how_figures_look(tmp_path: Path) -> None:
    without_measures = edited(tmp_path, ("measure, ", ""))
    assert "code" not in changed_parts(parts(), parts(edited(tmp_path, ("figures, ", ""))))
    assert "code" in changed_parts(parts(), parts(without_measures))


def test_keys_of_other_results_count_for_what_reads_them() -> None:
    one = key_parts(content(), PARAMETERS, {"best": "1"}, "runner.practice")
    other = key_parts(content(), PARAMETERS, {"best": "2"}, "runner.practice")
    assert changed_parts(one, other) == ("inputs",)


def test_a_default_that_nobody_overrides_counts(tmp_path: Path) -> None:
    """What the cell of the parameters sets, and the experiments file does not, decides as well."""
    path = tmp_path / "line.ipynb"

    def write(cell: str) -> dict[str, str]:
        parameters = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": cell}
        path.write_text(json.dumps({"cells": [parameters]}), encoding="utf-8")
        return dict(content_of(path, FileIndex(None), given=frozenset({"points"})).parts)

    before = write("points = 50\nnoise: float = 0.1")
    assert write("points = 60  # más\nnoise: float = 0.1") == before
    assert changed_parts(before, write("points = 50\nnoise: float = 0.2")) == ("notebook",)
