"""What the results of questions 7 and 9 to 11 came to, and the facts that sentences are chosen by.

A reading holds the comparisons themselves, so that whoever says something of it prints the same numbers that
it was read from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from runner.analysis import over_seeds
from runner.analysis.compare import Comparison
from runner.analysis.intervals import gap, loss_interval
from runner.analysis.turning_point import turning_point
from runner.results.finished import Finished, WhichEpoch
from runner.results.scores import Metric, Split
from runner.results.study import Study

CHANGES_NO_DIGIT = True  # of a training: see code_closure
TRAINING_MARGIN = 0.01  # relative: training losses have no test, and below this they are about the same
NARROWER = 0.5  # of the range of the final losses: losses at the best epochs that lie closer together
OUTLIER = 0.5  # of that range: one size whose leaving out makes it as small stands alone

Facts = dict[str, str]


class Compare(Protocol):
    """Comparisons of several variants with a reference, corrected for their number."""

    def __call__(
        self, names: Sequence[str], reference: str, split: Split, metric: Metric, epoch: WhichEpoch, /
    ) -> tuple[Comparison, ...]:
        """One a variant, in the order of ``names``."""
        ...


@dataclass(frozen=True)
class Moves:
    """Several variants against one reference, by one metric on one split at one epoch.

    ``compared`` is in the order of the batch sizes, the reference left out.
    """

    compared: tuple[Comparison, ...]

    @property
    def lower(self) -> tuple[Comparison, ...]:
        """Those whose value is demonstrably lower than the reference's."""
        return tuple(c for c in self.compared if c.verdict != "undecided" and c.difference < 0)

    @property
    def higher(self) -> tuple[Comparison, ...]:
        """Those whose value is demonstrably higher."""
        return tuple(c for c in self.compared if c.verdict != "undecided" and c.difference > 0)

    @property
    def same(self) -> tuple[Comparison, ...]:
        """Those that can't be told from the reference."""
        return tuple(c for c in self.compared if c.verdict == "undecided")

    @property
    def facts(self) -> Facts:
        """Whether there are ``lower``, ``higher`` and ``same`` ones, and what is known of seeds."""
        return {
            "seeds": basis(self.compared),
            "lower": yes(self.lower),
            "higher": yes(self.higher),
            "same": yes(self.same),
        }


@dataclass(frozen=True)
class Lowest:
    """Where the validation loss of a variant's first run was lowest, and how much it rose since."""

    name: str
    size: int
    epoch: int
    value: float
    rise: float
    epochs: int


@dataclass(frozen=True)
class Batches:
    """What the batch size did; all tuples are in the order of the sizes, the ``base`` among them.

    Comparisons are by epoch, the best one only where all know theirs; ``best_losses`` are empty where not.
    ``training`` says what the final training loss does against the base's.
    """

    base: str
    sizes: tuple[tuple[str, int], ...]
    lowest: tuple[Lowest, ...]
    losses: dict[WhichEpoch, Moves]
    accuracies: dict[WhichEpoch, Moves]
    test_accuracies: dict[WhichEpoch, Moves]
    final_losses: tuple[float, ...]
    best_losses: tuple[float, ...]
    training: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All the variants, the smallest batch first."""
        return tuple(name for name, _ in self.sizes)

    @property
    def others(self) -> tuple[str, ...]:
        """Those that are compared with the base."""
        return tuple(name for name in self.names if name != self.base)

    @property
    def outlier(self) -> str:
        """The one variant apart from all others at the best epochs; empty if there is none."""
        return apart(self.names, self.best_losses)

    @property
    def together(self) -> tuple[str, ...]:
        """The variants without the outlier, the lowest loss at its best epoch first."""
        found = sorted(zip(self.best_losses, self.names, strict=False))
        return tuple(name for _, name in found if name != self.outlier)

    @property
    def facts(self) -> Facts:
        """What the sentences on minima and reasons are chosen by."""
        first, last = self.lowest[0], self.lowest[-1]
        turned = [each.epoch < each.epochs for each in self.lowest]
        return {
            "best": "unknown" if not self.best_losses else "earlier" if any(turned) else "last",
            "range": "narrower" if narrower(self.final_losses, self.best_losses) else "alike",
            "outlier": "yes" if self.outlier else "no",
            "sooner": sooner(first, last),
        }

    def sides(self, epoch: WhichEpoch) -> Facts:
        """What smaller and larger batches than the base's do to the validation loss."""
        return self._sides(self.losses[epoch])

    def accuracy_sides(self, epoch: WhichEpoch) -> Facts:
        """What they do to the accuracy of validation, and what the training loss of the largest does."""
        return {**self._sides(self.accuracies[epoch]), "training": self.training[-1]}

    @property
    def judged(self) -> WhichEpoch:
        """The epoch at which to compare with what others found: the best, where it is known."""
        return "best" if "best" in self.losses else "last"

    def _sides(self, moves: Moves) -> Facts:
        sizes = dict(self.sizes)
        small = [c for c in moves.compared if sizes[c.variant] < sizes[self.base]]
        large = [c for c in moves.compared if sizes[c.variant] > sizes[self.base]]
        largest = large[-1].verdict if large else "none"
        return {
            "small": side(small),
            "large": side(large),
            "largest": largest,
            "seeds": basis(moves.compared),
        }


@dataclass(frozen=True)
class Doubled:
    """A network with the double of something against the one without, at the last and at the best epoch."""

    name: str
    reference: str
    loss: dict[WhichEpoch, Comparison]
    accuracy: dict[WhichEpoch, Comparison]
    test_loss: dict[WhichEpoch, Comparison]
    test_accuracy: dict[WhichEpoch, Comparison]
    lowest: Lowest
    reference_lowest: Lowest
    training: str

    @property
    def facts(self) -> Facts:
        """The verdict of each comparison, and whether each network was past its best epoch."""
        found = {}
        for what in ("loss", "accuracy", "test_loss", "test_accuracy"):
            compared: dict[WhichEpoch, Comparison] = getattr(self, what)
            for epoch in ("last", "best"):
                found[f"{epoch}_{what}"] = compared[epoch].verdict if epoch in compared else "unknown"
        turned = self.lowest.epoch < self.lowest.epochs
        both_last = not turned and self.reference_lowest.epoch == self.reference_lowest.epochs
        known = "best" in self.loss
        return {
            **found,
            "seeds": basis((self.accuracy["last"], self.test_accuracy["last"])),
            "turned": yes(turned),
            "best": "unknown" if not known else "last" if both_last else "earlier",
            "training": self.training,
        }


@dataclass(frozen=True)
class Overfitting:
    """Training, validation and test losses of one variant, and what the last epochs did.

    ``rise`` is the final validation loss against that of the best epoch, ``test_rise`` the same on test;
    None where the best epoch was not measured. ``seeds`` is how many were trained. ``gap`` is where the
    training loss lies: below the interval of validation (apart), above it (reversed), or neither.
    """

    gap: str
    seeds_gap: str
    splits: str
    turned: bool
    margin_passed: bool
    rise: Comparison | None
    test_rise: Comparison | None
    seeds: int

    @property
    def facts(self) -> Facts:
        """Gap, course of the validation loss, validation against test, and what stopping would have given."""
        risen = self.rise.verdict == "worse" if self.rise else self.margin_passed
        return {
            "gap": self.gap,
            "seeds_gap": self.seeds_gap,
            "splits": self.splits,
            "course": "falling" if not self.turned else "risen" if risen else "stalled",
            "test_rise": self.test_rise.verdict if self.test_rise else "unknown",
            "seeds": "one" if self.seeds == 1 else "several",
        }


def overfitting(study: Study, name: str) -> Overfitting:
    """The reading of question 7; raises MissingVariant if the variant is not there."""
    run = study.get(name)
    train = run.training.evaluation.train.cross_entropy
    validation, splits = loss_interval(run, "validation"), gap(run, "validation", "test")
    point = turning_point(run.training.epochs)
    gaps = [_loss(study.get(each), "last") - _train_loss(study, each) for each in study.runs(name)]
    seeds = over_seeds.over_seeds(gaps)
    known = over_seeds.knows_best(study, (name,))

    def rise(split: Split) -> Comparison | None:
        return over_seeds.last_against_best(study, name, split, "cross_entropy") if known else None

    return Overfitting(
        gap="apart" if train < validation.low else "reversed" if train > validation.high else "none",
        seeds_gap="apart" if seeds.low > 0 else "reversed" if seeds.high < 0 else "none",
        splits="same" if splits.low <= 0 <= splits.high else "harder" if splits.value < 0 else "easier",
        turned=point.turned,
        margin_passed=point.rise > (validation.high - validation.low) / 2,
        rise=rise("validation"),
        test_rise=rise("test"),
        seeds=len(gaps),
    )


def batches(study: Study, compare: Compare | None = None) -> Batches:
    """The reading of question 9; raises MissingVariant if the baseline is not there."""
    compare = compare or partial(over_seeds.compared, study)
    base = study.get(study.baseline).result.variant
    names = sorted({base, *study.available(study.group("batch"))}, key=lambda name: size(study, name))
    others = [name for name in names if name != base]

    def moves(split: Split, metric: Metric) -> dict[WhichEpoch, Moves]:
        return {
            epoch: Moves(compare(others, base, split, metric, epoch)) for epoch in epochs_known(study, names)
        }

    known = "best" in epochs_known(study, names)
    return Batches(
        base=base,
        sizes=tuple((name, size(study, name)) for name in names),
        lowest=tuple(lowest(study, name) for name in names),
        losses=moves("validation", "cross_entropy"),
        accuracies=moves("validation", "accuracy"),
        test_accuracies=moves("test", "accuracy"),
        final_losses=tuple(loss_at(study, name, "last") for name in names),
        best_losses=tuple(loss_at(study, name, "best") for name in names) if known else (),
        training=tuple(training_move(study, name, base) for name in names),
    )


def doubled(study: Study, name: str, reference: str, compare: Compare | None = None) -> Doubled:
    """The reading of questions 10 and 11; raises MissingVariant if one of both is not there."""
    compare = compare or partial(over_seeds.compared, study)
    study.get(name), study.get(reference)

    def at(split: Split, metric: Metric) -> dict[WhichEpoch, Comparison]:
        known = epochs_known(study, (name, reference))
        return {epoch: compare((name,), reference, split, metric, epoch)[0] for epoch in known}

    return Doubled(
        name=name,
        reference=reference,
        loss=at("validation", "cross_entropy"),
        accuracy=at("validation", "accuracy"),
        test_loss=at("test", "cross_entropy"),
        test_accuracy=at("test", "accuracy"),
        lowest=lowest(study, name),
        reference_lowest=lowest(study, reference),
        training=training_move(study, name, reference),
    )


def epochs_known(study: Study, names: Sequence[str]) -> tuple[WhichEpoch, ...]:
    """The epochs at which all the variants were measured."""
    return ("last", "best") if over_seeds.knows_best(study, names) else ("last",)


def lowest(study: Study, name: str) -> Lowest:
    """The minimum of the first run's curve."""
    run = study.get(name)
    point = turning_point(run.training.epochs)
    return Lowest(name, size(study, name), point.epoch, point.value, point.rise, len(run.training.epochs))


def loss_at(study: Study, name: str, epoch: WhichEpoch) -> float:
    """The validation loss, the mean over the seeds."""
    found = [_loss(study.get(run), epoch) for run in study.runs(name)]
    return sum(found) / len(found)


def _loss(run: Finished, epoch: WhichEpoch) -> float:
    best = run.training.best
    scores = best.validation if epoch == "best" and best else run.training.evaluation.validation
    return scores.cross_entropy


def training_move(study: Study, name: str, reference: str) -> str:
    """What the final training loss does from the reference to the variant: falls, rises or about the same.

    It is the mean over the seeds that both have.
    """
    pairs = over_seeds.paired_runs(study, name, reference)
    ours, theirs = (
        sum(pair[place].training.evaluation.train.cross_entropy for pair in pairs) for place in (0, 1)
    )
    ratio = ours / theirs
    return "falls" if ratio < 1 - TRAINING_MARGIN else "rises" if ratio > 1 + TRAINING_MARGIN else "same"


def _train_loss(study: Study, name: str) -> float:
    return study.get(name).training.evaluation.train.cross_entropy


def size(study: Study, name: str) -> int:
    """The batch size of a variant."""
    return int(study.get(name).result.parameters["batch_size"])


def basis(compared: Sequence[Comparison]) -> str:
    """What comparisons are of: ``one`` seed and its trained models, too ``few`` seeds, or ``several``.

    Too few are those of which none shows a difference, and some never could.
    """
    if any(c.n == 1 for c in compared):
        return "one"
    decided = any(c.verdict != "undecided" for c in compared)
    return "few" if not decided and any(c.conclusion == "few" for c in compared) else "several"


def side(compared: Sequence[Comparison]) -> str:
    """What several comparisons say together: ``some`` better or worse if the others are undecided."""
    found = {c.verdict for c in compared}
    if not found:
        return "none"
    if {"better", "worse"} <= found:
        return "mixed"
    verdict = next((v for v in ("better", "worse") if v in found), "same")
    return verdict if len(found) == 1 or verdict == "same" else f"some {verdict}"


def sooner(first: Lowest, last: Lowest) -> str:
    """Which batches reach their minimum first, the smallest or the largest; ``one`` if there are no two."""
    if first.name == last.name:
        return "one"
    return "small" if first.epoch < last.epoch else "large" if first.epoch > last.epoch else "alike"


def narrower(final: Sequence[float], best: Sequence[float]) -> bool:
    """Whether the losses lie closer together at the best epochs than at the last."""
    return bool(best) and max(best) - min(best) < NARROWER * (max(final) - min(final))


def apart(names: Sequence[str], values: Sequence[float]) -> str:
    """The name whose value, the least or the greatest, lies apart from all others; empty if none does."""
    if len(values) < 4 or max(values) == min(values):
        return ""
    whole = max(values) - min(values)

    def rest(left_out: int) -> float:
        others = [value for place, value in enumerate(values) if place != left_out]
        return (max(others) - min(others)) / whole

    place = min(range(len(values)), key=rest)
    return names[place] if rest(place) < OUTLIER else ""


def yes(found: object) -> str:
    """``yes`` or ``no``, as conditions are written."""
    return "yes" if found else "no"
