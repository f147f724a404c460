"""The report while variants run, and one run at a time: with real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from runner import PROJECT_ROOT
from runner.execute import live_report
from runner.execute.live_report import AUTOGROUP, LiveReport
from runner.plan.variants import Plan, make_plan
from tests.program import HANG_SECONDS, all_ended, report_text, until
from tests.tiny_plan import open_gate, run, shorten, start, variant, write_gate, write_plan

pytestmark = pytest.mark.xdist_group("live")


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A plan whose second variant runs as long as a test wants it to."""
    folder = tmp_path_factory.mktemp("held")
    plan = write_plan(folder, variant("long", 2, "batch_size = 16"))
    write_gate(folder)
    return shorten(plan)


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="only Linux shares by sessions, if it is told to")
def test_a_rendering_gives_way_to_sessions_too(tmp_path: Path) -> None:
    code = (
        "import os; from runner.execute import live_report as live; live.give_way(7); "
        "print(os.nice(0), os.getsid(0) == os.getpid(), live.AUTOGROUP.read_text().split()[-1])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT_ROOT)
    assert done.stdout.split() == [str(os.nice(0) + 7), "True", "7"], done.stderr


PENDING = "{} Falta: pendiente: todavía no se ha ejecutado"
# The program, but its renderings give way to nobody: on a busy machine, one would take ten minutes.
EAGER = """
import sys
from runner.__main__ import command_line
from runner.execute import live_report
from runner.processes import interrupts
live_report.FIRST_NICENESS = live_report.NICENESS = 0
sys.exit(interrupts.calmly(command_line))
"""


def test_the_report_is_there_while_a_variant_still_runs(held: Path, tmp_path: Path) -> None:
    """First with nothing in it, then with what has ended; the notebook as well."""
    build, notebook = tmp_path / "build", tmp_path / "build" / "notebook.ipynb"
    process = start("all", held, build, "--jobs", "1", gate=tmp_path / "gate", code=EAGER)
    try:
        until((build / "report.pdf").exists, process=process)
        assert PENDING.format("buena") in report_text(build)
        open_gate(tmp_path / "gate", "good")
        until(
            lambda: notebook.exists() and "## Pregunta 1." in notebook.read_text(encoding="utf-8"),
            process=process,
        )
        until(lambda: PENDING.format("buena") not in report_text(build), process=process)
        assert PENDING.format("variante long") in report_text(build)
        assert (build / "results" / "good" / "result.json").exists()
        assert not (build / "results" / "long").exists()

        refused = run("report", held, build)
        assert refused.returncode == 2
        for said in ("another run is using this build folder", f"process {process.pid} on", "all --profile"):
            assert said in refused.stderr
        children = psutil.Process(process.pid).children(recursive=True)
    finally:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert all_ended(children)
    assert "Pregunta 1" in report_text(build)  # the latest report stays
    assert not list(build.glob(".*.tmp"))


def test_a_waiting_run_goes_on_when_the_other_one_was_killed(held: Path, tmp_path: Path) -> None:
    build = tmp_path / "build"
    process = start("run", held, build, "long", gate=tmp_path / "gate")
    until((build / ".lock.json").exists, process=process)
    other = start("run", held, build, "good", "--wait")
    said: list[str] = []
    assert other.stderr is not None
    reader = threading.Thread(target=lambda: said.extend(other.stderr or ()))
    reader.start()
    until(lambda: any("waiting for another run" in line for line in said), process=other)
    assert f"process {process.pid} on" in "".join(said)
    process.kill()
    process.communicate(timeout=HANG_SECONDS)
    other.wait(timeout=HANG_SECONDS)
    reader.join()
    assert other.returncode == 0, said
    assert (build / "results" / "good" / "result.json").exists()
    assert not (build / ".lock.json").exists()


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renderings give way to nobody."""
    monkeypatch.setattr(live_report, "NICENESS", 0)


def note(plan: Plan, build_dir: Path) -> None:
    """A rendering that only notes when it was: begins, takes a while, ends."""
    with (build_dir / "notes").open("a", encoding="utf-8") as file:
        file.write("begins\n")
        file.flush()
        until((build_dir / "go").exists)
        file.write("ends\n")


def fail(plan: Plan, build_dir: Path) -> None:
    """A rendering that fails in its own way each time."""
    with (build_dir / "notes").open("a", encoding="utf-8") as file:
        file.write("fails\n")
    raise ValueError("a propósito")


def stumble(plan: Plan, build_dir: Path) -> None:
    """A rendering that is told to end, and fails with another error on its way out."""
    try:
        note(plan, build_dir)
    finally:
        raise ValueError("flush of closed file")


def notes(build: Path) -> list[str]:
    return (build / "notes").read_text(encoding="utf-8").split() if (build / "notes").exists() else []


class Rests(threading.Condition):
    """Counts how often somebody found nothing to do, and waits."""

    count = 0

    def wait(self, timeout: float | None = None) -> bool:
        self.count += 1
        return super().wait(timeout)


def watched(live: LiveReport) -> Rests:
    """The condition on which a live report waits, to be seen."""
    live._news = Rests()
    return live._news


def test_one_rendering_at_a_time_and_one_more_for_all_that_ended_meanwhile(
    held: Path, eager: None, tmp_path: Path
) -> None:
    (tmp_path / "report.pdf").touch()  # so that none begins by itself
    said: list[str] = []
    with LiveReport(make_plan(held, "smoke"), tmp_path, note, said.append) as live:
        live.want()
        until(lambda: notes(tmp_path) == ["begins"])
        for _ in range(5):
            live.want()
        assert notes(tmp_path) == ["begins"]
        (tmp_path / "go").touch()
        until(lambda: notes(tmp_path) == ["begins", "ends"] * 2)
    assert notes(tmp_path) == ["begins", "ends"] * 2
    assert not said


def test_nothing_is_rendered_during_a_pause(held: Path, eager: None, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").touch()
    live = LiveReport(make_plan(held, "smoke"), tmp_path, note, lambda line: None)
    rests = watched(live)
    with live:
        live.want()
        until(lambda: notes(tmp_path) == ["begins"])
        live.pause()
        assert not [c for c in psutil.Process().children() if "spawn_main" in " ".join(c.cmdline())]
        (tmp_path / "go").touch()
        before = rests.count
        live.want()
        until(lambda: rests.count > before)  # it was asked, and found that it must not
        assert notes(tmp_path) == ["begins"]
        live.resume()
        until(lambda: notes(tmp_path) == ["begins", "begins", "ends"])


def test_nothing_is_rendered_from_the_start_where_memory_is_tight(
    held: Path, eager: None, tmp_path: Path
) -> None:
    live = LiveReport(make_plan(held, "smoke"), tmp_path, note, lambda line: None, paused=True)
    rests = watched(live)
    with live:
        before = rests.count
        live.want()
        until(lambda: rests.count > before)
        assert not notes(tmp_path)
        (tmp_path / "go").touch()
        live.resume()
        until(lambda: notes(tmp_path) == ["begins", "ends"])


def test_nothing_is_rendered_of_a_run_that_ends_at_once(held: Path, eager: None, tmp_path: Path) -> None:
    live = LiveReport(make_plan(held, "smoke"), tmp_path, note, lambda line: None, after=HANG_SECONDS)
    rests = watched(live)
    with live:
        until(lambda: rests.count)
        before = rests.count
        live.want()
        until(lambda: rests.count > before)
    assert not notes(tmp_path)


def test_after_some_time_the_first_rendering_begins(held: Path, eager: None, tmp_path: Path) -> None:
    (tmp_path / "go").touch()
    live = LiveReport(make_plan(held, "smoke"), tmp_path, note, lambda line: None, after=0.01)
    with live:
        until(lambda: notes(tmp_path) == ["begins", "ends"])


def test_a_rendering_that_was_told_to_end_may_fail(held: Path, eager: None, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").touch()
    said: list[str] = []
    live = LiveReport(make_plan(held, "smoke"), tmp_path, stumble, said.append)
    rests = watched(live)
    with live:
        live.want()
        until(lambda: notes(tmp_path) == ["begins"])
        before = rests.count
        live.pause()  # which waits for it, too
        until(lambda: rests.count > before + 1)
    assert not said


def test_a_rendering_that_fails_is_said_once(held: Path, eager: None, tmp_path: Path) -> None:
    (tmp_path / "report.pdf").touch()
    said: list[str] = []
    live = LiveReport(make_plan(held, "smoke"), tmp_path, fail, said.append)
    rests = watched(live)
    with live:
        until(lambda: rests.count)
        for count in (1, 2):
            before = rests.count
            live.want()
            until(lambda before=before: rests.count > before)  # type: ignore[misc]
            assert len(notes(tmp_path)) == count
    assert len(said) == 1
    assert "a propósito" in said[0]


def test_a_lock_file_left_by_a_dead_process_is_no_lock(held: Path, tmp_path: Path) -> None:
    (tmp_path / ".lock").touch()
    dead = {"pid": 2**22 - 1, "host": "elsewhere", "since": "yesterday", "command": "all"}
    (tmp_path / ".lock.json").write_text(json.dumps(dead))
    assert run("report", held, tmp_path).returncode == 0
    assert (tmp_path / "report.pdf").stat().st_size > 1000
