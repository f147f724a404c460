"""Data that notebooks read: declared, plain to see, or only named."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from runner.errors import InputError
from runner.execute.state import Workspace
from runner.plan.data_files import declared_data, files_in, named_files
from runner.plan.variants import make_plan
from tests.tiny_plan import notebook, write_notebook, write_plan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "datos").mkdir()
    for name in ("a.csv", "b.csv", "datos/c.csv"):
        (tmp_path / name).write_text("1")
    return tmp_path


@pytest.mark.parametrize(
    ("code", "read", "others"),
    [
        ('pd.read_csv("a.csv", sep=";")', {"a.csv"}, set()),
        ('np.loadtxt(fname="datos/c.csv")', {"datos/c.csv"}, set()),
        ('with open("a.csv") as file: pass', {"a.csv"}, set()),
        ('json.load(open("a.csv", mode="rb"))', {"a.csv"}, set()),
        ('Path("a.csv").read_text(encoding="utf-8")', {"a.csv"}, set()),
        ('Path("a.csv").open()', {"a.csv"}, set()),
        ('sorted(Path("datos").glob("*.csv"))', {"datos"}, set()),
        ('os.listdir("datos")', {"datos"}, set()),
        ('glob.glob("*.csv")', {"a.csv", "b.csv"}, set()),
        ('open("a.csv", "w")', set(), {"a.csv"}),
        ('open("a.csv", mode)', set(), {"a.csv"}),
        ('table.to_csv("a.csv"); pd.read_csv("a.csv")', set(), {"a.csv"}),
        ('name = "a.csv"', set(), {"a.csv"}),
        ('Path("datos") / "c.csv"', set(), {"datos"}),
        ('open(os.path.join("datos", name))', set(), {"datos"}),
        ('open("nothing.csv")', set(), set()),
        ('print("a.csv\\n", "", ".", "..")', set(), set()),
    ],
)
def test_what_code_reads(folder: Path, code: str, read: set[str], others: set[str]) -> None:
    found = named_files(code, (folder,))
    assert {p.relative_to(folder).as_posix() for p in found.read} == read
    assert {p.relative_to(folder).as_posix() for p in found.others} == others


def test_linked_folders_count_and_circles_end(folder: Path) -> None:
    (folder / "lejos").mkdir()
    (folder / "lejos" / "d.csv").write_text("4")
    (folder / "datos" / "más").symlink_to(folder / "lejos")
    (folder / "datos" / "otra vez").symlink_to(folder / "datos")
    (folder / "datos" / ".ipynb_checkpoints").mkdir()
    (folder / "datos" / ".ipynb_checkpoints" / "c.csv").write_text("1")
    found = [path.relative_to(folder).as_posix() for path in files_in(folder / "datos")]
    assert found == ["datos/c.csv", "datos/más/d.csv"]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("../a.csv", "'../a.csv' is outside the folder"),
        ("/etc/hostname", "'/etc/hostname' is outside the folder"),
        ("datos/../../a.csv", "outside the folder"),
        (".", "'.' holds the experiments file itself"),
        ("", "'' holds the experiments file itself"),
        ("experiments.toml", "holds the experiments file itself"),
    ],
)
def test_what_can_not_be_declared(folder: Path, name: str, what: str) -> None:
    with pytest.raises(InputError, match=re.escape(what)) as caught:
        list(declared_data([name], folder / "experiments.toml", "variants.x.data"))
    assert caught.value.where == f"{folder / 'experiments.toml'}: variants.x.data"


def plan_of(folder: Path, *cells: str, entry: str = "", top: str = "") -> Workspace:
    write_notebook(folder / "line.ipynb", *cells)
    path = write_plan(folder, notebook("line", *filter(None, [entry])))
    path.write_text(top + path.read_text("utf-8"), "utf-8")
    return Workspace(make_plan(path, "smoke"), folder / "build")


@pytest.mark.parametrize(
    ("entry", "top", "key"),
    [('data = ["x.csv"]', "", "notebooks.line.data"), ("", 'data = ["x.csv"]\n', "data")],
)
def test_declared_data_that_is_not_there_is_told(folder: Path, entry: str, top: str, key: str) -> None:
    with pytest.raises(InputError, match=r"no file or folder .*x\.csv") as caught:
        plan_of(folder, "pass", entry=entry, top=top).states()
    assert caught.value.where == f"{folder / 'experiments.toml'}: {key}"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are none there")
def test_what_is_no_file_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "x.csv")
    with pytest.raises(InputError, match="neither a file nor a folder"):
        plan_of(folder, "pass", entry='data = ["x.csv"]').states()


def test_what_a_notebook_plainly_reads_counts_without_a_word(folder: Path) -> None:
    workspace = plan_of(folder, 'text = open("a.csv").read()')
    line = workspace.plan.get("line")
    before = workspace.parts(line)
    assert not list(workspace.undeclared())
    (folder / "a.csv").write_text("2")
    after = Workspace(workspace.plan, workspace.build_dir).parts(line)
    assert {name for name in after if after[name] != before.get(name)} == {"file a.csv"}


def test_so_does_what_its_module_reads(folder: Path) -> None:
    (folder / "lector.py").write_text('def leer():\n    return open("a.csv").read()\n')
    workspace = plan_of(folder, "import lector")
    assert {"file a.csv", "code of lector.py"} <= workspace.parts(workspace.plan.get("line")).keys()


def test_what_it_only_names_is_told_until_it_is_declared(folder: Path) -> None:
    code = 'from pathlib import Path\nsource = Path("nada").parent / "b.csv"'
    (told,) = plan_of(folder, code).undeclared()
    assert told.startswith("line.ipynb names b.csv: ")
    assert not list(plan_of(folder, code, entry='data = ["b.csv"]').undeclared())
