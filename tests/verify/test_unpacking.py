"""``unpack``: what is attached to a report as a folder, in which its notebook finds it; or nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from runner import kernel
from runner.build_folder import RESULTS
from runner.errors import InputError
from runner.processes.limits import Limits
from runner.verify.unpacking import unpack_report
from tests.program import Command
from tests.verify.conftest import Change, Small, replaced

pytestmark = pytest.mark.xdist_group("verify")


def test_the_attachments_are_where_a_notebook_looks_for_them(
    small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "otro sitio" / "práctica"
    assert unpack_report(small.pdf, folder) == 0
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert written == {"/".join(file.parts) for file in small.parcel.manifest.files}
    for variable in (kernel.BUILD, kernel.PLAN, kernel.PROFILE):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(folder)
    assert kernel.results_dir() == folder / RESULTS
    study = kernel.load_study()
    assert study.profile == "smoke" and study.has("good")


def test_a_folder_with_something_in_it_stays_as_it_was(small: Small, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a", encoding="utf-8")
    for place in (tmp_path, tmp_path / "mine"):
        with pytest.raises(InputError, match="there already, and not empty"):
            unpack_report(small.pdf, place)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_an_altered_report_leaves_nothing(
    altered: Callable[[Change], Path], tmp_path: Path, runner: Command
) -> None:
    pdf = altered(replaced(results__good__result_json=b"{}"))
    done = runner("unpack", str(pdf), str(tmp_path / "new"))
    assert done.returncode == 2
    assert "result.json: altered" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "new").exists()


def test_more_than_the_limits_is_an_error_with_words(small: Small, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="needs more than"):
        unpack_report(small.pdf, tmp_path / "new", Limits(2**32, 0.05))
    assert not (tmp_path / "new").exists()
