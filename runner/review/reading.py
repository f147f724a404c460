"""What a report attaches, read into the records that are compared, strictly: it may be anybody's."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from runner.build_folder import EXPERIMENTS, PLAN_FOLDER, result_folder
from runner.commands.request import Request, open_plan
from runner.errors import RunnerError
from runner.gate import names_in
from runner.limits import LIKENESS_BYTES
from runner.plan.variants import Plan, Variant
from runner.report.attachments import EVIDENCE
from runner.report.html import ANSWER
from runner.results.arrays import PREDICTED_SPLITS, PredictedSet, PredictedSets
from runner.results.finished import Finished, read_result
from runner.results.records import Environment, Epoch
from runner.results.scores import per_image_correct
from runner.review.records import PARAMETER, SEED, HandIn, Hits, Run
from runner.verify.parcel import Parcel, unpack
from runner.verify.records import read_claims

TIMES = {"train_seconds", "validation_seconds"}  # of an epoch: they are moments, not results
SMALLEST_LOSS = 1e-7  # nats: as arrays keep probabilities


def read_hand_in(parcel: Parcel, name: str, templates: Path, with_claims: bool = False) -> HandIn:
    """What is compared of a report, under the name that it is shown by.

    Raises RunnerError if its manifest can't be read, or the claims that are asked for.
    """
    manifest = parcel.manifest
    found = HandIn(
        file=name,
        sha256=hashlib.sha256(parcel.content).hexdigest(),
        title=manifest.title,
        profile=manifest.profile,
        made_with=manifest.made_with,
        claims=read_claims(parcel.attached.get(EVIDENCE, b"[]")) if with_claims else (),
    )
    with TemporaryDirectory(prefix="review-") as temporary:
        folder = Path(temporary).resolve()
        unpack(parcel, folder)
        done = dict(_results(folder))
        runs = _runs(done)
        found = replace(found, runs=runs, finished=_last_day(done))
        request = Request(build_dir=folder, plan_path=folder / PLAN_FOLDER / EXPERIMENTS, templates=templates)
        try:
            plan = open_plan(request)
        except (RunnerError, OSError) as error:
            return replace(found, fault=f"its experiments file can't be used: {error}")
        return replace(
            found, names=plan.author.names, questions=_questions(plan, done), shown=_shown(plan, runs)
        )


def _results(folder: Path) -> Iterator[tuple[str, Finished]]:
    """Each readable record, whether the plan names it or not."""
    for name in sorted(names_in(folder / "results", folder)):
        with suppress(RunnerError, OSError):
            yield name, read_result(result_folder(folder, name))


def _runs(done: Mapping[str, Finished]) -> dict[str, Run]:
    """The runs, with losses as long as there is room for them."""
    room, runs = LIKENESS_BYTES, {}
    for name, each in done.items():
        run = _run(each)
        if run.losses is not None and run.predicted is not None:
            room -= run.losses.nbytes + run.predicted.nbytes
            if room < 0:
                run = replace(run, losses=None, predicted=None)
        runs[name] = run
    return runs


def _run(done: Finished) -> Run:
    """One variant; what its predictions would tell is left out where they can't be read."""
    result = done.result
    run = Run(
        variant=result.variant,
        settings=dict(_settings(done)),
        moments=(result.started.isoformat(), repr(result.wall_seconds)),
    )
    if result.training is None:
        return run
    epochs = result.training.epochs
    run = replace(run, moments=(*run.moments, *_seconds(epochs)), history=tuple(_history(epochs)))
    with suppress(RunnerError):
        return _with_predictions(run, done.predictions)
    return run


def _settings(done: Finished) -> Iterator[tuple[str, str]]:
    """What the variant was made with, by name."""
    result = done.result
    for name, value in result.parameters.items():
        yield SEED if name == SEED else f"{PARAMETER}{name}", json.dumps(value, sort_keys=True)
    yield "profile", result.profile
    yield "precision", result.precision
    for name in ("notebook", "code"):
        yield f"code ({name})", result.key_parts.get(name, "")
    if result.training is None:
        yield "data", result.key_parts.get("data", "")
        return
    yield "data", json.dumps(result.training.data.sha256, sort_keys=True)
    yield from _machine(result.training.environment)


def _machine(environment: Environment) -> Iterator[tuple[str, str]]:
    for name in ("processor", "threads", "cores", "system", "python", "tensorflow", "keras", "numpy"):
        yield name, str(getattr(environment, name))
    yield "gpus", ", ".join(environment.gpus)
    yield "oneDNN", "on" if environment.onednn else "off"


def _seconds(epochs: tuple[Epoch, ...]) -> Iterator[str]:
    for epoch in epochs:
        yield from (repr(getattr(epoch, name)) for name in sorted(TIMES))


def _history(epochs: tuple[Epoch, ...]) -> Iterator[float]:
    for epoch in epochs:
        yield from (value for name, value in epoch if name not in TIMES)


def _with_predictions(run: Run, sets: PredictedSets) -> Run:
    test = sets.test
    return replace(
        run,
        hits={split: _hits(sets.of(split)) for split in PREDICTED_SPLITS},
        predictions={split: _digest(sets.of(split)) for split in PREDICTED_SPLITS},
        cases=hashlib.sha256(test.labels.astype(np.int64).tobytes()).hexdigest(),
        losses=_losses(test),
        predicted=test.predicted.astype(np.int16),
    )


def _hits(split: PredictedSet) -> Hits:
    right = per_image_correct(split)
    return Hits(int(right.sum()), len(right))


def _losses(split: PredictedSet) -> np.ndarray:
    """The loss of each image, (n,)."""
    if split.cross_entropy is not None:
        return np.asarray(split.cross_entropy, np.float32)
    likely = np.clip(split.true_probability, SMALLEST_LOSS, 1.0).astype(np.float64)
    return np.asarray(-np.log(likely), np.float32)


def _digest(split: PredictedSet) -> str:
    """A hash of classes and losses, whatever types keep them; not of labels, which all share."""
    digest = hashlib.sha256(split.predicted.astype(np.int64).tobytes())
    digest.update(_losses(split).tobytes())
    return digest.hexdigest()


def _last_day(done: Mapping[str, Finished]) -> str:
    return max((each.result.finished.date().isoformat() for each in done.values()), default="")


def _questions(plan: Plan, done: Mapping[str, Any]) -> tuple[int, int]:
    """How many questions have the results of all their variants, and how many there are."""
    folder = plan.templates / "answers"
    written = {int(found[1]) for path in folder.glob("*.html") if (found := ANSWER.fullmatch(path.name))}
    asked = written | {number for variant in plan.variants for number in variant.questions}
    open_ones = {n for variant in plan.variants if variant.name not in done for n in variant.questions}
    return len(asked - open_ones), len(asked)


def _shown(plan: Plan, runs: Mapping[str, Run]) -> str:
    """The last variant that chooses among others, as a best model does; else the baseline."""

    def known(variant: Variant) -> bool:
        return variant.name in runs and "test" in runs[variant.name].hits

    chosen = [variant.name for variant in plan.variants if variant.choose and known(variant)]
    return chosen[-1] if chosen else plan.baseline
