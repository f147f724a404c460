"""Single settings of an account: each is left out, in the process that it would reach."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib import font_manager

from runner import PROJECT_ROOT, practice
from runner.execute.task import kernel_environment
from runner.figures import style
from runner.processes import isolation
from runner.processes.own_kernel import find_modules_in
from tests.hostile_account import MATPLOTLIBRC, VARIABLES, Account, clean, hostile

BEGIN = "from runner.processes import isolation; isolation.begin(); "
SAYS = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Account, Account]:
    folder = tmp_path_factory.mktemp("accounts")
    return clean(folder), hostile(folder)


def python(account: Account, code: str) -> str:
    """What this code prints in an account, once the process is isolated."""
    done = account.python("-P", "-c", BEGIN + code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", sorted(VARIABLES.keys() - set(isolation.TERMINAL)))
def test_a_variable_is_the_programs_or_nobodys(accounts: tuple[Account, Account], name: str) -> None:
    found = isolation.isolated(accounts[0].environment | {name: VARIABLES[name]})
    assert found.get(name) == isolation.FIXED.get(name)
    assert isolation.is_setting(name)


def test_both_accounts_have_the_same_settings(accounts: tuple[Account, Account]) -> None:
    one, other = (json.loads(python(account, SAYS)) for account in accounts)
    differ = {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
    theirs = {name for name in differ if isolation.is_setting(name)} - isolation.FOLDERS.keys()
    assert not theirs


def test_what_is_not_heeded_is_known(accounts: tuple[Account, Account]) -> None:
    _, account = accounts
    found = python(account, "print(*isolation.set_aside())").split()
    assert {"TF_ENABLE_ONEDNN_OPTS", "OMP_NUM_THREADS", "MPLCONFIGDIR"} <= set(found)
    assert not {"LANG", "LC_ALL", "PATH", "HOME"} & set(found)


def test_places_stay(accounts: tuple[Account, Account]) -> None:
    places = {"CUDA_VISIBLE_DEVICES": "1", "TF_FORCE_GPU_ALLOW_GROWTH": "true", "TZ": "America/Mexico_City"}
    assert isolation.isolated(places).items() >= places.items()
    flags = f"{isolation.CUDA_FOLDER}/opt/cuda --xla_cpu_enable_fast_math=true"
    assert isolation.isolated({"XLA_FLAGS": flags})["XLA_FLAGS"] == f"{isolation.CUDA_FOLDER}/opt/cuda"


def test_what_decides_how_kernels_compute_is_kept_with_a_result() -> None:
    given = isolation.isolated({"CUDA_VISIBLE_DEVICES": "1", "LANG": "es_ES", "OMP_NUM_THREADS": "7"})
    assert isolation.deciding(given | kernel_environment(2, practice.settings)) == {
        "CUDA_VISIBLE_DEVICES": "1",
        "KERAS_BACKEND": "tensorflow",
        "OMP_NUM_THREADS": "2",
        "PYTHONHASHSEED": "0",
        "TF_ENABLE_ONEDNN_OPTS": "1",
    }


@pytest.mark.parametrize("place", ["work", ".config/matplotlib", "mpl", "rc"])
def test_no_matplotlibrc_is_read(tmp_path: Path, place: str) -> None:
    account = clean(tmp_path)
    folder = account.where.parent / place
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "matplotlibrc").write_text(MATPLOTLIBRC, encoding="utf-8")
    variables = {"mpl": "MPLCONFIGDIR", "rc": "MATPLOTLIBRC"}
    given = {variables[place]: str(folder)} if place in variables else {}
    code = "import matplotlib as m; print(m.rcParams['savefig.bbox'], m.rcParams['text.usetex'])"
    assert python(Account(account.where, account.environment | given), code) == "None False"


def test_keras_json_is_the_programs(accounts: tuple[Account, Account]) -> None:
    """As Keras reads it: its import takes seconds, and the run of a plan in such an account does it."""
    code = "print(open(os.path.join(os.environ['KERAS_HOME'], 'keras.json')).read())"
    read = json.loads(python(accounts[1], "import os; " + code))
    assert (read["floatx"], read["epsilon"], read["image_data_format"]) == ("float32", 1e-07, "channels_last")


@pytest.mark.parametrize("variable", ["PYTHONOPTIMIZE", "PYTHONINSPECT"])
def test_python_itself_begins_again_without(accounts: tuple[Account, Account], variable: str) -> None:
    account = accounts[0]
    settings = {variable: VARIABLES[variable]}
    found = Account(account.where, account.environment | settings).run("--help")
    assert "Plan, run, analyse and render: everything." in found.stdout  # a docstring
    assert (found.returncode, found.stderr) == (0, "")


def test_a_module_in_the_working_directory_takes_no_place(accounts: tuple[Account, Account]) -> None:
    done = accounts[1].run("--help")
    assert done.returncode == 0, done.stderr
    assert "a file of the user was run" not in done.stdout + done.stderr


def test_a_search_path_that_would_replace_a_module_is_told(tmp_path: Path) -> None:
    (tmp_path / "random.py").touch()
    assert isolation.left_out_of_path(str(tmp_path)) == [(str(tmp_path), "random")]
    (tmp_path / "random.py").rename(tmp_path / "of_my_own.py")
    assert isolation.left_out_of_path(str(tmp_path)) == []


def test_a_notebooks_own_modules_come_first_unless_they_replace_a_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "mine.py").touch()
    find_modules_in(tmp_path)
    assert sys.path[0] == str(tmp_path)
    (tmp_path / "random.py").touch()
    find_modules_in(tmp_path)
    assert sys.path[-1] == str(tmp_path)


def test_downloads_of_keras_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "keras/datasets").mkdir(parents=True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    isolation.folder.cache_clear()
    try:
        found = isolation.isolated({"KERAS_HOME": str(tmp_path / "keras")})
    finally:
        isolation.folder.cache_clear()
    assert (Path(found["KERAS_HOME"]) / "datasets").resolve() == tmp_path / "keras/datasets"


def test_an_account_that_nothing_can_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    account = Account(tmp_path, clean(tmp_path).environment | {"XDG_CACHE_HOME": str(tmp_path / "file")})
    left = python(account, f"import os; print(os.environ['{isolation.FOLDER}'])")
    assert not Path(left).exists()
    assert PROJECT_ROOT not in Path(left).parents
    assert os.path.isabs(left)  # noqa: PTH117


@pytest.mark.skipif(sys.platform == "win32", reason="no such signal")
def test_what_was_killed_in_such_an_account_is_swept_by_the_next(tmp_path: Path) -> None:
    """The settings of one that still runs stay."""
    (tmp_path / "file").touch()
    (temporary := tmp_path / "temporary").mkdir()
    changed = {"XDG_CACHE_HOME": str(tmp_path / "file"), "TMPDIR": str(temporary)}
    account = Account(tmp_path, clean(tmp_path).environment | changed)
    killed = account.python("-P", "-c", f"{BEGIN}import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert killed.returncode == -signal.SIGKILL
    (left,) = temporary.glob(f"{isolation.TEMPORARY}*")
    starts = "from runner.processes.isolation import folder; print(folder())"
    other = f"[sys.executable, '-P', '-c', {starts!r}]"
    without = f"{{n: v for n, v in os.environ.items() if n != '{isolation.FOLDER}'}}"
    code = f"import os, subprocess, sys; subprocess.run({other}, env={without}, check=True); "
    mine = python(account, f"{code}print(isolation.folder(), isolation.folder().exists())").splitlines()
    assert mine[-1].endswith(" True") and len({line.split()[0] for line in mine}) == 2
    assert not list(temporary.glob(f"{isolation.TEMPORARY}*")), left


@pytest.mark.parametrize(
    "settings", [{"savefig.bbox": "tight"}, {"text.usetex": True}, {"axes.facecolor": "red"}]
)
def test_a_figure_is_the_same_under_any_settings(tmp_path: Path, settings: dict[str, object]) -> None:
    """Those that a process has already read, too, as somebody's own Jupyter has."""
    pictures = []
    for name, given in (("one", {}), ("other", settings)):
        with mpl.rc_context(given):
            style.use_style()
            figure, axes = plt.subplots(figsize=(2, 1))
            axes.set_title("Pérdida")
            pictures.append(style.save(figure, tmp_path / name, vector=False).read_bytes())
            plt.close(figure)
    assert pictures[0] == pictures[1]


def test_a_raster_figure_of_a_practice_that_is_cut_to_its_content_is_no_noise(tmp_path: Path) -> None:
    with mpl.rc_context():
        style.use_style()
        figure, _ = plt.subplots(figsize=(2, 1))
        plain = style.save(figure, tmp_path / "plain", vector=False).read_bytes()
        mpl.rcParams["savefig.bbox"] = "tight"
        assert style.save(figure, tmp_path / "cut", vector=False).read_bytes() == plain
        plt.close(figure)


def test_a_font_of_the_user_by_the_reports_name_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    style.use_style()
    manager, family = font_manager.fontManager, mpl.rcParams["font.family"][0]
    ours = next(e for e in manager.ttflist if e.fname == font_manager.findfont(family))
    theirs = shutil.copy(Path(mpl.get_data_path(), "fonts", "ttf", "DejaVuSansMono.ttf"), tmp_path)
    monkeypatch.setattr(manager, "ttflist", [replace(ours, fname=str(theirs)), *manager.ttflist])
    style.use_style()
    not_asked_for_before = font_manager.FontProperties(family=family, size=13.5)
    assert Path(font_manager.findfont(not_asked_for_before)).parent == style.FONTS
