"""The command line: exit codes, messages without tracebacks, and what it must not import."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from runner import PROJECT_ROOT
from runner.build_folder import held
from runner.cli import main
from runner.commands.doctor import Finding, check_page
from runner.commands.request import Request
from runner.plan.variants import DEFAULT_PLAN, make_plan
from tests.made_up import Story, make_study
from tests.program import HANG_SECONDS, without_subset
from tests.tiny_plan import write_plan


def runner(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a user does, from its folder."""
    return subprocess.run(
        [sys.executable, "-m", "runner", *words],
        cwd=PROJECT_ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
    )


BAD_USAGE = [  # one of each way out; all the rest is in test_bad_input.py, within this process
    (["al"], "No such command"),
    (["run", "nobody"], "no variant 'nobody' in the plan; there are: baseline"),
    (["plan", "--plan", "none.toml"], "no such file"),
    (["all", "--seeds", "0"], "--seeds must be a number from 1 to 50, or 'auto', not '0'"),
    (["plan", "--seeds", "many"], "--seeds must be"),
    (["all", "--seeds", "auto", "--budget", "soon"], "'soon' is no length of time"),
    (["run", "baseline~2"], "no variant 'baseline~2' in the plan"),
]


@pytest.mark.parametrize(("words", "message"), BAD_USAGE)
def test_bad_usage_is_exit_code_2_and_no_traceback(tmp_path: Path, words: list[str], message: str) -> None:
    build = tmp_path / "build"
    done = runner(*words, *([] if words == ["al"] else ["--build-dir", str(build)]))
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(build.glob("results/*"))


def test_a_file_in_the_place_of_the_build_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "build").write_text("mine")
    done = runner("all", "--profile", "smoke", "--build-dir", str(tmp_path / "build"))
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert (tmp_path / "build").read_text() == "mine"


COMMANDS = {
    "all",
    "clean",
    "compare",
    "deliver",
    "doctor",
    "new",
    "plan",
    "report",
    "reproduce",
    "run",
    "unpack",
    "verify",
}


def test_help_lists_every_command_with_a_line() -> None:
    """With a line of its own in the list of README, too."""
    done = runner("--help")
    assert done.returncode == 0
    listed = [line.split() for line in done.stdout.partition("Commands:")[2].splitlines() if line.strip()]
    assert {words[0] for words in listed} == COMMANDS
    assert all(len(words) > 2 for words in listed)
    readme = (PROJECT_ROOT / "README.md").read_text("utf-8").partition("## Commands\n")[2]
    table = readme.partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)[^`]*` \|", table, re.MULTILINE)) == COMMANDS


def without_tensorflow(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program as another module's call; exit code 3 if its process has imported TensorFlow or Keras."""
    code = (
        "import sys; from runner.cli import main; code = main(sys.argv[1:]); "
        "sys.exit(3 if any(n in sys.modules for n in ('tensorflow', 'keras')) else code)"
    )
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=PROJECT_ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("words", [["--help"], ["plan"], ["report", "--profile", "full"]])
def test_what_is_quick_never_imports_tensorflow(tmp_path: Path, words: list[str]) -> None:
    if words[0] == "report":
        others = [v.name for v in make_plan(DEFAULT_PLAN, "full").variants if v.name != "baseline"]
        make_study(tmp_path, Story(skipped=tuple(others)))
    options = [] if words == ["--help"] else ["--build-dir", str(tmp_path)]
    done = without_tensorflow(*words, *options, RUNNER_CACHE=str(tmp_path))
    assert done.returncode == 0, done.stderr


def test_plan_shows_variants_differences_and_state(tmp_path: Path) -> None:
    done = runner("plan", "--profile", "smoke", "--build-dir", str(tmp_path), COLUMNS="160")
    assert done.returncode == 0
    for words in ("batch-256", "batch_size=256", "pending", "chosen on validation"):
        assert words in done.stdout
    assert not list(tmp_path.iterdir())


def test_a_title_is_text_in_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = write_plan(tmp_path)
    plan.write_text(plan.read_text("utf-8").replace('"Ensayo"', '"Ensayo [/x] [red] :heart:"'), "utf-8")
    words = ["plan", "--plan", str(plan), "--profile", "smoke", "--build-dir", str(tmp_path / "build")]
    assert main(words) == 0
    assert "Ensayo [/x] [red] :heart:" in capsys.readouterr().out


def test_doctor_names_what_it_found_and_leaves_nothing(tmp_path: Path) -> None:
    """Without HarfBuzz-Subset, which nothing needs: one line says what that costs."""
    (place := tmp_path / "place").mkdir()
    environment = without_subset(tmp_path) | {"RUNNER_CACHE": str(tmp_path)}
    done = without_tensorflow("doctor", "--build-dir", str(place / "build"), **environment)
    found = {line[6:23].strip(): line[24:] for line in done.stdout.splitlines() if line.startswith("ok")}
    wanted = "python packages versions native-libraries fonts kernel data disk limits gpu experiments"
    wanted += " characters templates settings page notebook"
    assert list(found) == [word.replace("-", " ") for word in wanted.split()], done.stdout
    assert done.returncode == 0 and done.stdout.count("HarfBuzz-Subset is not installed") == 1
    assert not list(place.iterdir())


def test_doctor_says_what_a_page_lacks_and_tries_nothing_beside_a_run(tmp_path: Path) -> None:
    """A practice whose styles can't be printed, in a build folder that somebody holds, and then not."""
    practice = tmp_path / "practice"
    shutil.copytree(DEFAULT_PLAN.parents[1] / "docs" / "example", practice)
    (practice / "templates" / "report.css").write_text("p { colour: red }")
    request = Request(build_dir=tmp_path, plan_path=practice / "experiments.toml")
    with held(tmp_path, wait=False, say=print):
        assert check_page(request) == Finding("page", "not tried: a run is using the build folder")
    finding = check_page(request)
    assert "colour: red" in finding.text and finding.mend


def test_another_profile_does_not_overwrite_results(tmp_path: Path) -> None:
    make_study(tmp_path)
    before = (tmp_path / "results" / "baseline" / "result.json").read_bytes()
    done = runner("all", "--profile", "smoke", "--build-dir", str(tmp_path))
    assert done.returncode == 2
    assert "holds results of profile 'full'" in done.stderr
    assert "--build-dir" in done.stderr
    assert (tmp_path / "results" / "baseline" / "result.json").read_bytes() == before


def test_clean_removes_what_the_runner_made_and_no_more(tmp_path: Path) -> None:
    make_study(tmp_path)
    (tmp_path / "mine.txt").write_text("mine")
    assert runner("clean", "--yes", "--build-dir", str(tmp_path)).returncode == 0
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_the_plan_of_this_project_is_the_default() -> None:
    assert DEFAULT_PLAN.is_file()


def test_memory_that_runs_out_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def large(request: object) -> None:
        np.empty(2**62, np.uint8)

    monkeypatch.setattr("runner.commands.plan.show_plan", large)
    assert main(["plan", "--build-dir", str(tmp_path)]) == 1
    said = capfd.readouterr().err
    assert "the memory ran out (Unable to allocate" in said and "--jobs 1" in said
    assert "Traceback" not in said
