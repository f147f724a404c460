"""SIGKILL of the runner and of a kernel, SIGINT once and twice: nothing finished is lost."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from runner import PROJECT_ROOT
from tests.faults import plans
from tests.program import HANG_SECONDS, all_ended, command_line, until
from tests.tiny_plan import GATE, open_gate, words

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there"),
]

KILLS = 20
LATEST_SECONDS = 9.0  # of a moment: on a fast machine, a run of nothing but this is about as long
SEED = 20


def assert_whole(plan: Path, build: Path, undisturbed: dict[str, dict[str, Any]]) -> None:
    """A run to the end, its report, and the digits of a run that nothing disturbed."""
    code, text = plans.run(plan, build)
    assert code == 0, text
    assert "Traceback" not in text
    assert plans.all_metrics(build) == undisturbed
    assert PdfReader(build / "report.pdf").pages
    assert not list(build.rglob("*.tmp"))
    assert not (build / "work").exists() or not any((build / "work").iterdir())


def test_killed_at_20_random_moments(
    plan: Path, tmp_path: Path, undisturbed: dict[str, dict[str, Any]], record_property: Any
) -> None:
    """Each run goes on where the one before was killed; a folder that gets finished is checked."""
    moments = random.Random(SEED)
    killed = finished = 0
    build = tmp_path / "build-0"
    while killed < KILLS:
        process = plans.start(plan, build)
        try:
            code = process.wait(moments.uniform(0.2, LATEST_SECONDS))
            assert code == 0, plans.said(build)
            assert plans.all_metrics(build) == undisturbed
            finished += 1
            build = tmp_path / f"build-{finished}"
        except subprocess.TimeoutExpired:
            plans.kill(process)
            killed += 1
        if build.with_name(f"{build.name}.log").exists():
            assert "Traceback" not in plans.said(build)
    assert_whole(plan, build, undisturbed)
    resumed = sum(f.training.interruptions for f in plans.results(build).values())
    record_property("kills", killed)
    print(f"{killed} kills survived; {finished} runs ended meanwhile; {resumed} resumptions in the last one")


def test_a_killed_kernel_goes_on_from_its_checkpoint(
    plan: Path, tmp_path: Path, undisturbed: dict[str, dict[str, Any]]
) -> None:
    """By itself once, perhaps with more memory; killed again, the variant has failed, until the next run."""
    build = tmp_path / "build"
    gate = tmp_path / "gate"
    process = plans.start(plan, build, gate=gate)
    until(lambda: plans.checkpointed(build, "good"))
    kernel = plans.kernel(process)
    assert kernel is not None
    kernel.kill()
    open_gate(gate, "wide")  # which comes before the second try
    until((build / "results" / "wide" / "result.json").exists, process=process)
    until((build / "work" / "good" / "progress.json").exists, process=process)
    kernel = plans.kernel(process)
    assert kernel is not None
    kernel.kill()
    assert process.wait(HANG_SECONDS) == 1
    text = plans.said(build)
    assert "Traceback" not in text
    assert text.count("tried once more, alone") == 1
    assert "failed: good: the notebook's process was killed" in text
    assert plans.metrics(plans.read_result(build / "results" / "wide")) == undisturbed["wide"]
    assert plans.checkpointed(build, "good")
    assert_whole(plan, build, undisturbed)
    training = plans.read_result(build / "results" / "good").training
    assert training.interruptions == 2
    assert training.restored_epochs >= 1


@pytest.mark.parametrize("times", [1, 2])
def test_interrupted_as_a_terminal_does_it(
    plan: Path, tmp_path: Path, undisturbed: dict[str, dict[str, Any]], times: int
) -> None:
    """Ctrl-C reaches the whole process group; pressed again, it finds the ending under way."""
    build = tmp_path / "build"
    process = plans.start(plan, build, gate=tmp_path / "gate")
    until(lambda: plans.checkpointed(build, "good"))
    below = plans.family(process)
    assert len(below) >= 2
    for _ in range(times):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.3)
    assert process.wait(HANG_SECONDS) == 130, plans.said(build)
    text = plans.said(build) + (build / "kernels.log").read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in text
    assert "run the same command to go on" in text
    assert all_ended(below)
    assert plans.checkpointed(build, "good")
    if times == 2:
        assert_whole(plan, build, undisturbed)
        assert plans.read_result(build / "results" / "good").training.restored_epochs >= 1


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGKILL])
def test_ended_with_its_whole_group(
    plan: Path, tmp_path: Path, undisturbed: dict[str, dict[str, Any]], signum: signal.Signals
) -> None:
    """As ``timeout`` and schedulers do it: nobody is left to end the kernels, so they do it themselves."""
    build = tmp_path / "build"
    process = plans.start(plan, build, gate=tmp_path / "gate")
    until(lambda: plans.checkpointed(build, "good"))
    below = plans.family(process)
    kernel = plans.kernel(process)
    assert kernel in below
    os.killpg(process.pid, signum)
    assert process.wait(HANG_SECONDS) == (143 if signum == signal.SIGTERM else -signum)
    assert all_ended(below)
    assert_whole(plan, build, undisturbed)


PROCESS_1 = ("unshare", "--pid", "--fork", "--mount-proc")


@pytest.mark.skipif(sys.platform != "linux", reason="no such name spaces")
def test_told_to_end_as_process_1_of_a_container(
    plan: Path, tmp_path: Path, undisturbed: dict[str, dict[str, Any]]
) -> None:
    """As ``docker stop`` does it: the system hands process 1 no signal that it does not ask for."""
    build = tmp_path / "build"
    within = PROCESS_1 if os.geteuid() == 0 else (*PROCESS_1, "--map-root-user")
    outer = plans.start(plan, build, gate=tmp_path / "gate", within=within)
    until(lambda: plans.checkpointed(build, "good"))
    below = plans.family(outer)
    below[0].send_signal(signal.SIGTERM)
    assert outer.wait(HANG_SECONDS) == 128 + signal.SIGTERM, plans.said(build)
    assert "Traceback" not in plans.said(build)
    assert "run the same command to go on" in plans.said(build)
    assert all_ended(below)
    assert plans.checkpointed(build, "good")


@pytest.mark.skipif(sys.platform != "linux", reason="terminals are got otherwise there")
def test_the_terminal_closed(plan: Path, tmp_path: Path) -> None:
    """A real one: all its processes are told, and what is said to it from then on is an error."""
    import fcntl
    import termios

    build, (ours, its) = tmp_path / "build", os.openpty()
    os.set_blocking(ours, False)
    process = subprocess.Popen(
        command_line(*words("all", plan, build, *plans.ONE_AT_A_TIME)),
        cwd=PROJECT_ROOT, stdin=its, stdout=its, stderr=its, start_new_session=True,
        env=os.environ | {GATE: str(tmp_path / "gate")},
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(its)

    def checkpointed() -> bool:
        with suppress(BlockingIOError):
            os.read(ours, 2**16)  # else the program would wait for its reader
        return plans.checkpointed(build, "good")

    until(checkpointed, process=process)
    below = plans.family(process)
    assert below
    os.close(ours)
    assert process.wait(HANG_SECONDS) == 128 + signal.SIGHUP
    assert all_ended(below)
    assert "Traceback" not in (build / "kernels.log").read_text(encoding="utf-8", errors="replace")
    assert plans.checkpointed(build, "good")


def test_interrupted_at_any_moment_of_the_start(plan: Path, tmp_path: Path) -> None:
    """Ctrl-C while modules are imported, and while processes start: 130, no traceback, nothing left."""
    moments = random.Random(SEED)
    for number in range(8):
        build = tmp_path / f"build-{number}"
        process = plans.start(plan, build, gate=tmp_path / "gate", flags=("-X", "importtime"))
        until(lambda build=build: plans.imported(build, "runner.cli"))  # type: ignore[misc]
        time.sleep(moments.uniform(0.0, 5.0))
        below = plans.family(process)
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(HANG_SECONDS) == 130, plans.said(build)
        text = plans.said(build)
        assert "interrupted" in text
        log = build / "kernels.log"
        text += log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
        assert "Traceback" not in text
        assert all_ended(below)
