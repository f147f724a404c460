"""Made-up results on disk, in the real format: what the report says must follow from them.

Predictions of all variants share each image's difficulty, so that paired tests behave as with real ones.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import numpy as np

from runner.analysis.choices import resolve
from runner.analysis.loading import load_study
from runner.build_folder import BEST_EPOCH_FILE, FAILURE_FILE, PREDICTIONS_FILE, RESULT_FILE, VALUES_FILE
from runner.files import write_json
from runner.plan.records import Seeds, origin, repetition
from runner.plan.seeds import with_seeds
from runner.plan.variants import DEFAULT_PLAN, Plan, Variant, make_plan
from runner.results.reasons import Reason
from runner.results.records import (
    SCHEMA_VERSION,
    BestEpoch,
    Epoch,
    Evaluation,
    Failure,
    Result,
    Scores,
    Training,
)
from runner.results.study import Study
from tests.made_up_records import (
    BEST_MODEL,
    CLASSES,
    DETERMINISM,
    ENVIRONMENT,
    RESOLUTION,
    TRAIN_IMAGES,
    data_summary,
    model_summary,
    timing,
)

Batches = Literal["smaller-wins", "smaller-loses", "tie", "middle-wins"]
Effect = Literal["better", "worse", "undecided"]
History = Literal["overfitting", "stalled", "gap-improving", "improving", "diverging"]

LOOK_ALIKE = {3: 5, 5: 3, 1: 9, 9: 1}  # cats and dogs, cars and lorries
SKILL = 2.4  # of the baseline: how far the true class's score stands out
STEP = 0.35  # of skill: a difference that the paired tests see
SKILLS: dict[Batches, dict[str, float]] = {
    "smaller-wins": {"batch-4": 2, "batch-16": 1, "batch-128": -1, "batch-256": -2},
    "smaller-loses": {"batch-4": -2, "batch-16": -1, "batch-128": 1, "batch-256": 2},
    "middle-wins": {"batch-4": -2, "batch-16": -1, "batch-128": -1, "batch-256": -2},
    "tie": {},
}
EFFECTS: dict[Effect, float] = {"better": 1, "worse": -1, "undecided": 0}
SECONDS = {
    "batch-4": 81.0,
    "batch-16": 26.0,
    "batch-128": 11.5,
    "batch-256": 10.2,
    "filters-x2": 27.5,
    "layers-x2": 21.0,
    "best": 61.0,
}
START = datetime(2026, 1, 15, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Story:
    """What the made-up results are to show.

    ``train_gap`` overrides how far below validation a variant's training loss is; ``failed`` maps
    names to reasons; ``skipped`` variants leave nothing.
    """

    batches: Batches = "smaller-wins"
    history: History = "overfitting"
    filters: Effect = "better"
    layers: Effect = "undecided"
    best: Effect = "better"
    step: float = 1  # of skill: what the steps that the statement asks for give
    test_shift: float = 0.0  # added to every variant's skill on test images
    train_gap: Mapping[str, float] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    skipped: tuple[str, ...] = ()
    failed: Mapping[str, Reason] = field(default_factory=dict)
    images: tuple[int, int] = (1200, 1000)  # validation, test
    seeds: Seeds = field(default_factory=Seeds)
    seed_noise: float = 0.05  # of skill, from one seed to another
    determinism: Mapping[str, Any] = field(default_factory=lambda: DETERMINISM)
    best_skills: Mapping[str, float] | None = field(default_factory=dict)  # steps; None: it was not measured
    best_epochs: Mapping[str, int] = field(default_factory=dict)  # where that is not what the history says
    threads: Mapping[str, int] = field(default_factory=dict)  # where a training had others than the rest

    def epoch_seconds(self, name: str) -> float:
        """How long a variant's epochs take."""
        return self.seconds.get(origin(name), SECONDS.get(origin(name), 14.3))

    def best_skill(self, name: str) -> float:
        """How well it did at its best epoch: by itself better than at the end, where the loss rose since."""
        steps = (self.best_skills or {}).get(origin(name))
        if steps is not None:
            return SKILL + STEP * steps
        return self.skill(name) + (STEP if RISES[self.history] > 0.1 else 0)

    def skill(self, name: str) -> float:
        """How well a variant does."""
        large = SKILLS[self.batches].get("batch-256", 0)
        steps = SKILLS[self.batches] | {
            "filters-x2": large + EFFECTS[self.filters],
            "layers-x2": large + EFFECTS[self.layers],
            "best": 3 * EFFECTS[self.best],
            "step-filters": self.step,
            "step-layers": self.step,
            "step-compact": self.step,
            "step-norm": 2 * EFFECTS[self.best],
            "step-start": 2 * EFFECTS[self.best],
            "c-sgd": 1,
            "c-no-norm": -1,
        }
        noise = np.random.default_rng(zlib.crc32(f"seed {name}".encode())).normal()
        own = self.seed_noise * float(noise) if repetition(name) > 1 else 0.0
        return SKILL + STEP * steps.get(origin(name), 0) + own


def make_study(
    folder: Path, story: Story | None = None, profile: str = "full", experiments: Path = DEFAULT_PLAN
) -> Study:
    """Write the results of a whole plan under ``folder`` and load them."""
    story = story or Story()
    plan = with_seeds(make_plan(experiments, profile), story.seeds)
    for variant in plan.variants:
        target = folder / "results" / variant.name
        if variant.name in story.failed:
            write_failure(target, variant.name, story.failed[variant.name])
        elif variant.name in story.skipped:
            continue
        elif variant.kind == "training":
            done = load_study(plan, folder).finished if variant.choose else {}
            write_training(target, plan, variant, resolve(variant, done), story)
        else:
            write_notebook(target, plan, variant, story)
    return load_study(plan, folder)


def write_failure(folder: Path, name: str, reason: Reason, key: str = "0" * 64) -> None:
    """The record of a variant that did not finish."""
    failure = Failure(
        schema_version=SCHEMA_VERSION,
        variant=name,
        key=key,
        reason=reason,
        detail=str(reason),
        finished=START,
    )
    write_json(folder / FAILURE_FILE, failure)


def write_training(
    folder: Path, plan: Plan, variant: Variant, parameters: Mapping[str, Any], story: Story
) -> None:
    """Record and predictions of one trained variant, consistent with each other."""
    arrays = predictions(variant.name, story, story.skill(variant.name))
    validation = scores(arrays["validation_labels"], arrays["validation_probabilities"])
    test = scores(arrays["test_labels"], arrays["test_probabilities"])
    gap = story.train_gap.get(origin(variant.name), GAPS[story.history])
    train = Scores(
        loss=validation.loss - gap,
        cross_entropy=validation.cross_entropy - gap,
        accuracy=min(1.0, validation.accuracy + 0.4 * gap),
        images=TRAIN_IMAGES,
    )
    curve = epochs(parameters, story.history, train, validation)
    best, earlier = best_epoch(variant.name, story, arrays, len(curve), lowest_of(curve))
    training = Training(
        model=model_summary(parameters),
        epochs=curve if best is None else lowered(curve, best),
        evaluation=Evaluation(train=train, validation=validation, test=test),
        best=best,
        timing=timing(story.epoch_seconds(variant.name), parameters),
        memory_peak_bytes=1_312_000_000,
        data=data_summary(story.images),
        environment=ENVIRONMENT.model_copy(update={"threads": story.threads.get(origin(variant.name), 1)}),
    )
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / PREDICTIONS_FILE, **arrays)  # type: ignore[arg-type]
    if earlier is not None:
        np.savez(folder / BEST_EPOCH_FILE, **earlier)  # type: ignore[arg-type]
    write_result(folder, plan, variant, parameters, training)


def best_epoch(
    name: str, story: Story, last: dict[str, np.ndarray], count: int, by_curve: int
) -> tuple[BestEpoch | None, dict[str, np.ndarray] | None]:
    """What was measured at the best epoch, and its predictions if it is not the last one."""
    if story.best_skills is None:
        return None, None
    epoch = min(story.best_epochs.get(origin(name), by_curve), count)
    arrays = predictions(name, story, story.best_skill(name)) if epoch < count else last
    validation, test = (
        scores(arrays[f"{split}_labels"], arrays[f"{split}_probabilities"])
        for split in ("validation", "test")
    )
    best = BestEpoch(epoch=epoch, validation=validation, test=test)
    return best, arrays if epoch < count else None


def lowest_of(curve: Sequence[Epoch]) -> int:
    """The epoch (from 1) of the lowest validation loss."""
    return min(curve, key=lambda epoch: epoch.validation_cross_entropy).epoch


def lowered(curve: Sequence[Epoch], best: BestEpoch) -> tuple[Epoch, ...]:
    """The curve through the best epoch's scores, with no other epoch but the last as low as these."""
    value, accuracy = best.validation.cross_entropy, best.validation.accuracy
    at_best = {"validation_cross_entropy": value, "validation_loss": value, "validation_accuracy": accuracy}
    found = []
    for epoch in curve:
        above = max(epoch.validation_cross_entropy, value + 0.02 * abs(epoch.epoch - best.epoch))
        other = {"validation_cross_entropy": above, "validation_loss": above}
        last = epoch.epoch == curve[-1].epoch
        found.append(epoch.model_copy(update=at_best if epoch.epoch == best.epoch else {} if last else other))
    return tuple(found)


def write_result(
    folder: Path,
    plan: Plan,
    variant: Variant,
    parameters: Mapping[str, Any],
    training: Training | None,
) -> None:
    """``result.json``."""
    result = Result(
        schema_version=SCHEMA_VERSION,
        variant=variant.name,
        notebook=variant.notebook.name,
        notebook_sha256="ab12" * 16,
        profile=plan.profile,
        draft=plan.draft,
        key="cd34" * 16,
        key_parts={},
        parameters=dict(parameters),
        started=START,
        finished=START + timedelta(seconds=300),
        wall_seconds=300.5,
        training=training,
    )
    write_json(folder / RESULT_FILE, result)


def predictions(name: str, story: Story, skill: float) -> dict[str, np.ndarray]:
    """Labels and probabilities of both sets; variants differ by skill and by a little noise."""
    arrays = {}
    own = np.random.default_rng(zlib.crc32(name.encode()))
    for split, count, shift in zip(
        ("validation", "test"), story.images, (0.0, story.test_shift), strict=True
    ):
        # The same images for every variant; each seed has other ones for validation.
        shared = np.random.default_rng(count + 7 * (repetition(name) - 1) * (split == "validation"))
        labels = shared.integers(0, len(CLASSES), count)
        image = shared.normal(size=(count, len(CLASSES)))
        for true, other in LOOK_ALIKE.items():
            image[labels == true, other] += 1
        image += 0.3 * own.normal(size=image.shape)
        image[np.arange(count), labels] += skill + shift
        odds = np.exp(image - image.max(axis=1, keepdims=True))
        arrays[f"{split}_labels"] = labels
        probabilities = odds / odds.sum(axis=1, keepdims=True)
        arrays[f"{split}_probabilities"] = probabilities
        arrays[f"{split}_cross_entropy"] = -np.log(probabilities[np.arange(count), labels])
    return arrays


def scores(labels: np.ndarray, probabilities: np.ndarray) -> Scores:
    """What these predictions come to."""
    loss = float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())
    right = float((probabilities.argmax(axis=1) == labels).mean())
    return Scores(loss=loss, cross_entropy=loss, accuracy=right, images=len(labels))


# How far training is below validation at the end, and how far validation rose from its minimum.
GAPS: dict[History, float] = {
    "overfitting": 0.3,
    "stalled": 0.3,
    "gap-improving": 0.3,
    "improving": 0.0,
    "diverging": 0.0,
}
RISES: dict[History, float] = {
    "overfitting": 0.2,
    "stalled": 0.002,
    "gap-improving": 0,
    "improving": 0,
    "diverging": 0.2,
}


def epochs(
    parameters: Mapping[str, Any], history: History, train: Scores, validation: Scores
) -> tuple[Epoch, ...]:
    """Curves that end in the final scores and have the minimum that ``history`` asks for."""
    count, rise = parameters["epochs"], RISES[history]
    lowest = max(1, count // 2) if rise else count
    found = []
    for epoch in range(1, count + 1):
        over = 0.5 * (1 - epoch / lowest) if epoch <= lowest else 0
        back = rise * (epoch - lowest) / (count - lowest) if epoch > lowest else 0
        loss = validation.cross_entropy - rise + over + back
        fitted = train.cross_entropy + 0.6 * (1 - epoch / count)
        found.append(
            Epoch(
                epoch=epoch,
                learning_rate=parameters["learning_rate"],
                train_loss=fitted,
                train_cross_entropy=fitted,
                train_accuracy=max(0.0, train.accuracy - 0.2 * (1 - epoch / count)),
                validation_loss=loss,
                validation_cross_entropy=loss,
                validation_accuracy=max(0.0, validation.accuracy - 0.2 * over),
                train_seconds=14.0,
                validation_seconds=1.0,
            )
        )
    return tuple(found)


def timing_pass(plan: Plan, story: Story) -> dict[str, Any]:
    """What the timing pass leaves: a machine whose speed drifts by as much for every variant."""
    drift = (1.0, 1.04, 0.97, 1.01, 1.02)
    first = [v for v in plan.variants if v.name == origin(v.name)]
    names = [v.name for v in first if v.kind == "training" and v.group != "candidates"]
    trained = [name for name in names if name not in story.skipped and name not in story.failed]
    noise = np.random.default_rng(3).normal(1, 0.005, (len(trained), len(drift)))
    return {
        "seconds": {
            name: [story.epoch_seconds(name) / TRAIN_IMAGES * d * n for d, n in zip(drift, row, strict=True)]
            for name, row in zip(trained, noise, strict=True)
        },
        "training_flops": dict.fromkeys(trained, 30000000.0),
        "peak_gflops": [60 / d for d in drift],
        "rounds": len(drift),
        "images": 2048,
        "threads": 2,
        "load": 0.02,
    }


def write_notebook(folder: Path, plan: Plan, variant: Variant, story: Story) -> None:
    """A notebook that trains nothing, with what it leaves."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    if variant.name == "timing":
        write_json(folder / VALUES_FILE, timing_pass(plan, story))
    if variant.name == "determinism":
        write_json(folder / VALUES_FILE, story.determinism)
    if variant.name == "resolution":
        write_json(folder / VALUES_FILE, RESOLUTION)
        pictures = random.uniform(size=(len(RESOLUTION["reconstruction"]), 2, 28, 28, 3))
        np.savez(folder / "reconstruction.npz", reconstructed=pictures.astype(np.float32))
    if variant.name == "best-model":
        write_json(folder / VALUES_FILE, BEST_MODEL)
        np.savez(
            folder / "filters.npz",
            first_kernel=random.normal(size=(3, 3, 3, 24)),
            base_kernel=random.normal(size=(3, 3, 3, 32)),
            second_kernel=random.normal(size=(3, 3, 24, 48)),
            last_conv_kernel=random.normal(size=(3, 3, 8, 192)),
            dense_kernel=random.normal(size=(192, 10)),
        )
        np.savez(
            folder / "maps.npz",
            image=random.integers(0, 256, (32, 32, 3), dtype=np.uint8),
            first_maps=random.normal(size=(32, 32, 24)).astype(np.float32),
            last_maps=random.normal(size=(4, 4, 192)).astype(np.float32),
        )
        images = random.integers(0, 256, (len(BEST_MODEL["mistakes"]), 32, 32, 3), dtype=np.uint8)
        np.savez(folder / "mistakes.npz", mistaken=images)
    write_result(folder, plan, variant, {}, None)
