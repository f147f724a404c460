"""The calibration: how fast this machine trains each kind of variant of the plan, before it trains them.

The few steps run in the same workers, as many side by side, as the variants will: what a kernel gets of
the machine depends on that. Kept in the build folder with the machine that it is true of.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from importlib.metadata import version
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from runner.build_folder import CALIBRATION_FILE, result_folder
from runner.errors import RunnerError
from runner.execute.estimate import Sample
from runner.execute.task import kernel_environment, practice_settings
from runner.files import Record, write_json
from runner.gate import read_bytes
from runner.machine.capacity import usable_cores, whole_memory
from runner.machine.processor import processor
from runner.plan.practice import Costs, Practice, costs_of, practice_of
from runner.plan.records import PrecisionName
from runner.plan.variants import Variant
from runner.processes.forked_kernel import begin, fork_context, is_safe, preload
from runner.results.finished import read_result

LEAST_WORK_SECONDS = 600.0  # of expected training on one core, below which a calibration would not pay
LEAST_SHARE = 0.7  # of the expected work, that of the kinds that are measured: the others are scaled
LIMIT_SECONDS = 60.0  # no steps of another kind of variant begin later than that
STEPS_TIMEOUT_SECONDS = 60.0
LEAST_BUDGET_SECONDS = 600.0  # a calibration must not eat up what it is to divide

Parameterised = tuple[Variant, Mapping[str, Any]]
TimeSteps = Callable[[str, int, Connection], None]


class Calibration(Record):
    """What was measured, and where and how."""

    machine: dict[str, str]
    samples: tuple[Sample, ...]


def machine(jobs: int, practice: Practice) -> dict[str, str]:
    """What the samples depend on besides variant and threads; ``jobs`` kernels work side by side."""
    return {
        "processor": processor(),
        "cores": str(usable_cores()),
        "memory_gib": str(round(whole_memory() / 2**30)),
        "jobs": str(jobs),
        "settings": json.dumps(dict(practice.settings), sort_keys=True),
    } | {name: version(name) for name in practice.packages}


def read_samples(
    build_dir: Path, jobs: int, practice: str, precision: PrecisionName | None = None
) -> tuple[Sample, ...]:
    """The samples kept in the build folder, if they are of this machine and so many kernels.

    With a ``precision``, only those of it.
    """
    known = practice_of(practice)
    if known is None or known.costs is None:
        return ()
    try:
        found = Calibration.model_validate_json(read_bytes(build_dir / CALIBRATION_FILE, build_dir))
    except (OSError, ValidationError):
        return ()
    if found.machine != machine(jobs, known):
        return ()
    return of_precision(found.samples, precision) if precision else found.samples


def of_precision(samples: Iterable[Sample], precision: PrecisionName) -> tuple[Sample, ...]:
    """The samples that were measured with that precision."""
    return tuple(each for each in samples if each.precision == precision)


def former_seconds(build_dir: Path, variants: Iterable[Variant]) -> dict[str, float]:
    """What each variant of unknown cost took when it last ran here, if its record is there."""
    found = {}
    for variant in variants:
        if variant.kind == "notebook" or costs_of(variant.practice) is None:
            try:
                found[variant.name] = read_result(result_folder(build_dir, variant.name)).result.wall_seconds
            except RunnerError:
                continue
    return found


def calibrate(
    build_dir: Path,
    todo: Sequence[Parameterised],
    threads: Callable[[Variant], int],
    jobs: int,
    executor: Executor,
    say: Callable[[str], None],
    precisions: Sequence[PrecisionName] = ("float32",),
) -> tuple[Sample, ...]:
    """Samples for the variants of ``todo``: the kept ones, and what is missing measured now.

    ``threads`` tells what each variant's kernel will get. Of several ``precisions``, each kind of variant is
    measured with one right after the other: a machine's clock drifts. Nothing is measured for little work.
    """
    name = next((v.practice for v, _ in todo if v.kind == "training"), "")
    practice, costs = practice_of(name), costs_of(name)
    if practice is None or costs is None:
        return ()
    kept = read_samples(build_dir, jobs, name)
    work = sum(costs.seconds(p, 1) for v, p in todo if v.kind == "training")
    wanted = _wanted(todo, threads, kept, costs, precisions)
    if work < LEAST_WORK_SECONDS or not wanted:
        return kept
    kinds = len(wanted) // len(precisions)
    say(f"calibration: a few steps of {max(1, kinds)} kinds of variant in {' and '.join(precisions)}")
    start = time.monotonic()
    measured, reasons = _measure(wanted, start + LIMIT_SECONDS, jobs, executor, name)
    for reason in reasons[:1]:
        say(f"calibration: incomplete: {reason}")
    samples = (*kept, *measured)
    content = Calibration(machine=machine(jobs, practice), samples=samples)
    write_json(build_dir / CALIBRATION_FILE, content, build_dir)
    say(f"calibration: {len(measured)} done in {time.monotonic() - start:.0f} s")
    return samples


Wanted = tuple[Mapping[str, Any], int, PrecisionName]  # parameters, threads


def _wanted(
    todo: Sequence[Parameterised],
    threads: Callable[[Variant], int],
    kept: Sequence[Sample],
    costs: Costs,
    precisions: Sequence[PrecisionName] = ("float32",),
) -> list[Wanted]:
    """What is still to be measured, the kinds on which most of the time depends first.

    Those of little work are left out: scaling from another kind is good enough for them, and costs nothing.
    """
    known = {(_key(s.parameters, s.threads), s.precision) for s in kept}
    found: dict[str, tuple[Mapping[str, Any], int]] = {}
    for variant, parameters in todo:
        if variant.kind == "training":
            key = _key(costs.parameters(parameters), threads(variant))
            found.setdefault(key, (parameters, threads(variant)))
    work = _work(todo, threads, costs)
    least, covered = LEAST_SHARE * sum(work.values()), 0.0
    chosen: list[Wanted] = []
    for key in sorted(found, key=lambda k: -work[k]):
        if covered < least:
            chosen += ((*found[key], each) for each in precisions if (key, each) not in known)
        covered += work[key]
    return chosen


def _work(todo: Sequence[Parameterised], threads: Callable[[Variant], int], costs: Costs) -> dict[str, float]:
    """Expected seconds of one core for each kind of variant."""
    work: dict[str, float] = {}
    for variant, parameters in todo:
        if variant.kind == "training":
            key = _key(costs.parameters(parameters), threads(variant))
            work[key] = work.get(key, 0.0) + costs.seconds(parameters, 1)
    return work


def bfloat16_gain(
    samples: Iterable[Sample], todo: Sequence[Parameterised], threads: Callable[[Variant], int], practice: str
) -> float | None:
    """How many times as fast the trainings of ``todo`` are in bfloat16 as in float32, all together.

    Each kind counts by its expected work; None if none was measured in both.
    """
    costs = costs_of(practice)
    if costs is None:
        return None
    seconds = {(_key(s.parameters, s.threads), s.precision): s.train_seconds for s in samples}
    usual = faster = 0.0
    for key, work in _work(todo, threads, costs).items():
        one, other = seconds.get((key, "float32")), seconds.get((key, "bfloat16"))
        if one and other:
            usual, faster = usual + work, faster + work * other / one
    return usual / faster if faster else None


def _key(parameters: Mapping[str, Any], threads: int) -> str:
    return json.dumps([parameters, threads], sort_keys=True)


def _measure(
    wanted: Sequence[Wanted], deadline: float, jobs: int, executor: Executor, practice: str
) -> tuple[list[Sample], list[str]]:
    """Samples, and the reasons of those that could not be had.

    Kernels that will have more cores than their share run alone; so do their steps, after the others.
    """
    share = min(threads for _, threads, _ in wanted)
    groups = [[w for w in wanted if w[1] == share]]
    groups += [[w] for w in wanted if w[1] != share]
    samples: list[Sample] = []
    reasons: list[str] = []
    for group in groups:
        running: dict[Future[tuple[float, float] | str], Wanted] = {}
        waiting = list(group)
        while waiting or running:
            while waiting and len(running) < jobs and time.monotonic() < deadline:
                parameters, threads, precision = waiting.pop(0)
                settings = practice_settings(practice, precision)
                given = json.dumps(dict(parameters))
                future = executor.submit(measure_apart, practice, given, threads, settings)
                running[future] = (parameters, threads, precision)
            if not running:
                reasons.append(f"{len(waiting)} kinds left out for lack of time")
                break
            for future in wait(running, timeout=0.5, return_when="FIRST_COMPLETED").done:
                measured = running.pop(future)
                try:
                    found = future.result()
                except Exception as error:  # a worker that died: the rough model serves
                    found = f"{type(error).__name__}: {error}"
                if isinstance(found, str):
                    reasons.append(found)
                else:
                    samples.append(_sample(measured, found, practice))
    return samples, reasons


def _sample(measured: Wanted, seconds: tuple[float, float], practice: str) -> Sample:
    parameters, threads, precision = measured
    costs = costs_of(practice)
    cost = costs.parameters(parameters) if costs else dict(parameters)
    return Sample(
        parameters=cost,
        threads=threads,
        train_seconds=seconds[0],
        forward_seconds=seconds[1],
        precision=precision,
    )


def _in_environment(
    environment: Mapping[str, str], time_steps: TimeSteps, parameters: str, threads: int, sender: Connection
) -> None:
    """Time the steps with these variables: a fork has those with which its server once began."""
    os.environ |= environment
    time_steps(parameters, threads, sender)


def measure_apart(
    practice: str, parameters: str, threads: int, settings: Mapping[str, str]
) -> tuple[float, float] | str:
    """Time steps in a process of their own, as kernels are; seconds for one image, or what went wrong.

    ``settings`` are the variables of its kernel. Runs in a worker, whose fork server (with TensorFlow in it)
    the kernels use afterwards.
    """
    known = practice_of(practice)
    assert known is not None and known.costs is not None
    environment = kernel_environment(threads, settings)
    os.environ |= environment  # of the fork server, if it starts with this
    preload(known.preloaded)
    context = fork_context() if is_safe() else get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    steps = (known.costs.time_steps, parameters, threads, sender)
    process = context.Process(target=_in_environment, args=(environment, *steps), daemon=True)
    if isinstance(process, ForkServerProcess):
        begin(process)
    else:
        process.start()
    sender.close()
    try:
        if receiver.poll(STEPS_TIMEOUT_SECONDS):
            found: tuple[float, float] | str = receiver.recv()
            return found
        return "the steps took too long"
    except EOFError:
        return "the process ended"
    finally:
        process.kill()
        process.join()
        receiver.close()
