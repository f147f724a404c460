"""Forged trainings: what plain ``verify`` finds, what ``--replay`` finds, and what neither can."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from runner import PROJECT_ROOT
from runner.build_folder import state_file
from runner.plan.practice import Again, Link
from runner.results.chain import state_sha256
from runner.results.finished import read_result
from runner.retraining.agreement import CURVE
from runner.retraining.replay import compared, link_of
from runner.retraining.replayable import Replayable, epochs_of
from runner.verify.parcel import open_report, unpack
from tests.retraining.forged import Forged
from tests.retraining.replays import Replays

pytestmark = pytest.mark.xdist_group("seeds")

PRACTICE = "runner.practice"
INVENTED = hashlib.sha256(b"invented").hexdigest()


class Forgery(NamedTuple):
    """What is changed; whether plain ``verify`` finds it; of which epochs a replay does.

    ``lacking`` are the epochs that can't be replayed any more.
    """

    change: Callable[[Forged, Replays], object]
    plain: bool
    replays: set[int]
    lacking: frozenset[int] = frozenset()


@pytest.fixture(scope="module")
def honest(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is attached to the report of the trainings, unpacked."""
    folder = tmp_path_factory.mktemp("honest")
    unpack(open_report(trained / "build" / "report.pdf"), folder)
    return folder


@pytest.fixture(scope="module")
def replays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replays]:
    found = Replays(tmp_path_factory.mktemp("replays"))
    yield found
    found.end()


def epochs(folder: Path, name: str = "good") -> dict[int, Replayable]:
    """The epochs of a training that can be replayed, by number."""
    found = read_result(folder / "results" / name)
    return {each.epoch: each for each in epochs_of(found, PRACTICE)}


# --- what is changed


def shade(forged: Forged, epoch: int, name: str, by: float) -> None:
    forged.training["epochs"][epoch - 1][name] += by


def raise_accuracy(forged: Forged, _: Replays) -> None:
    """Of the test set, in the record alone."""
    forged.training["evaluation"]["test"]["accuracy"] += 0.05
    forged.save()


def invent_predictions(forged: Forged, _: Replays) -> None:
    """Better ones, of each image that was predicted wrong."""
    for split in ("validation", "test"):
        labels = forged.predictions[f"{split}_labels"]
        for image in np.flatnonzero(forged.predictions[f"{split}_predicted"] != labels):
            forged.predict(split, int(image), labels[image], 0.9)
    forged.follow()


def shift_accuracy(forged: Forged, _: Replays) -> None:
    """Three test images more are right."""
    labels = forged.predictions["test_labels"]
    for image in np.flatnonzero(forged.predictions["test_predicted"] != labels)[:3]:
        forged.predict("test", int(image), labels[image], 0.51)
    forged.follow()


def shade_losses(forged: Forged, _: Replays) -> None:
    """By a ten-thousandth, where nothing else that is attached says how large they are."""
    forged.predictions["test_cross_entropy"] *= np.float32(0.9999)
    forged.follow()


def swap_labels(forged: Forged, _: Replays) -> None:
    """Images that were predicted wrong are said to be what was predicted."""
    predicted, labels = forged.predictions["test_predicted"], forged.predictions["test_labels"]
    labels[:] = predicted
    forged.follow()


def edit_the_curve_of_the_record(forged: Forged, _: Replays) -> None:
    shade(forged, 1, "validation_accuracy", 0.05)
    forged.save()


def edit_a_curve_without_drawing_again(forged: Forged, _: Replays) -> None:
    chain = dict(forged.chain)
    shade(forged, 1, "train_loss", -0.1)
    forged.follow()
    forged.chain = chain
    forged.save()


def edit_a_curve(forged: Forged, _: Replays) -> None:
    shade(forged, 1, "validation_loss", -1e-6)
    forged.follow()


def edit_the_last_epoch(forged: Forged, _: Replays) -> None:
    shade(forged, 2, "train_accuracy", 0.002)
    forged.follow()


def edit_a_learning_rate(forged: Forged, _: Replays) -> None:
    shade(forged, 1, "learning_rate", 0.001)
    forged.follow()


def fit_better(forged: Forged, _: Replays) -> None:
    """The training set after the last epoch, of which there are no predictions."""
    forged.training["evaluation"]["train"]["accuracy"] += 0.01
    forged.follow()


def swap_the_seed_of_the_record(forged: Forged, _: Replays) -> None:
    forged.record["parameters"]["seed"] = 2
    forged.save()


def swap_the_seed(forged: Forged, _: Replays) -> None:
    forged.record["parameters"]["seed"] = 2
    forged.follow()


def claim_another_rate(forged: Forged, _: Replays) -> None:
    forged.record["parameters"]["learning_rate"] = 0.02
    forged.follow()


def claim_another_batch(forged: Forged, _: Replays) -> None:
    forged.record["parameters"]["batch_size"] = 64
    forged.follow()


def take(forged: Forged, first: Again, last: Again) -> None:
    """Have two epochs that were trained otherwise in the place of its own."""
    for epoch, again in zip(forged.training["epochs"], (first, last), strict=True):
        epoch.update(zip(CURVE, again.curve, strict=True))
    forged.chain["start"], forged.chain["links"] = first.start, [first.end, last.end]
    for split in ("validation", "test"):
        labels, probabilities, losses = (
            last.predictions[f"{split}_{part}"] for part in ("labels", "probabilities", "cross_entropy")
        )
        forged.predictions[f"{split}_labels"] = labels
        forged.predictions[f"{split}_predicted"] = probabilities.argmax(axis=1)
        forged.predictions[f"{split}_cross_entropy"] = losses
    (loss, accuracy), fitted = last.fitted, forged.training["evaluation"]["train"]
    fitted.update(loss=loss, cross_entropy=loss, accuracy=accuracy)
    (forged.results / state_file(1)).unlink()
    forged.follow()


def take_another_seeds_training(forged: Forged, replays: Replays) -> None:
    """Two real epochs of seed 2, said to be of seed 1; the second from the end of this seed's first."""
    asked = epochs(forged.folder)
    first, last = (link_of(asked[n]) for n in (1, 2))
    of_seed_2 = {**first.values, "seed": 2}
    take(forged, replays(_with(first, of_seed_2), False), replays(_with(last, of_seed_2), False))


def _with(link: Link, values: dict[str, object]) -> Link:
    return Link(values, link.epoch, link.state, link.threads, link.precision, link.environment)


def take_another_variants_records(forged: Forged, _: Replays) -> None:
    """All of "other" but its name and its parameters."""
    other = forged.folder / "results" / "other"
    for path in other.iterdir():
        shutil.copy(path, forged.results)
    theirs = Forged(forged.folder)
    theirs.record |= {"variant": "good", "parameters": forged.record["parameters"]}
    theirs.follow()


def invent_a_link(forged: Forged, _: Replays) -> None:
    forged.chain["links"][1] = INVENTED
    forged.save()


def invent_links(forged: Forged, _: Replays) -> None:
    """The attached state is not that of the second."""
    forged.chain["links"] = [INVENTED, INVENTED]
    forged.follow()


def invent_links_and_lose_the_state(forged: Forged, _: Replays) -> None:
    """As if it had been too large to be attached."""
    (forged.results / state_file(1)).unlink()
    forged.chain["links"] = [INVENTED, INVENTED]
    forged.follow()


def invent_the_start(forged: Forged, _: Replays) -> None:
    forged.chain["start"] = INVENTED
    forged.follow()


def other_state(forged: Forged) -> list[np.ndarray]:
    """The attached one with other weights; its learning rate is as it was, or it would tell."""
    return [a * a.dtype.type(0.9) if a.dtype.kind == "f" and a.ndim else a for a in forged.state(1)]


def replace_the_state(forged: Forged, _: Replays) -> None:
    forged.keep(1, other_state(forged))


def replace_the_state_and_its_link(forged: Forged, _: Replays) -> None:
    state = other_state(forged)
    forged.keep(1, state)
    forged.chain["links"][0] = state_sha256(state)
    forged.follow()


def attach_the_state_of_another_network(forged: Forged, _: Replays) -> None:
    state = forged.state(1)[:-1]
    forged.keep(1, state)
    forged.chain["links"][0] = state_sha256(state)
    forged.follow()


def train_from_an_invented_state(forged: Forged, replays: Replays) -> None:
    """The second epoch is really trained, from a state that no first one led to."""
    asked = epochs(forged.folder)
    first = replays(link_of(asked[1]), False)
    state = other_state(forged)
    forged.keep(1, state)
    last = replays(link_of(epochs(forged.folder)[2]), False)
    take(forged, Again(first.start, last.start, first.curve, {}, (), {}), last)
    forged.keep(1, state)


def draw_nothing(forged: Forged, _: Replays) -> None:
    forged.chain["drawn"] = []
    forged.save()


def lose_an_epoch(forged: Forged, _: Replays) -> None:
    """The chain goes on where the record ends."""
    forged.training["epochs"].pop()
    forged.training["best"]["epoch"] = 1
    forged.save()


def change_the_code(forged: Forged, _: Replays) -> None:
    text = forged.notebook.read_text(encoding="utf-8")
    assert "model.fit(" in text
    forged.notebook.write_text(text.replace("model.fit(", "model.fir(", 1), encoding="utf-8")
    forged.follow()


FORGERIES = {
    "an accuracy in the record": Forgery(raise_accuracy, True, set()),
    "predictions": Forgery(invent_predictions, False, {2}),
    "a few test images": Forgery(shift_accuracy, False, {2}),
    "losses by a ten-thousandth": Forgery(shade_losses, False, {2}),
    "labels": Forgery(swap_labels, False, {2}),
    "a curve in the record": Forgery(edit_the_curve_of_the_record, True, {1}),
    "a curve, not drawn again": Forgery(edit_a_curve_without_drawing_again, True, {1}),
    "a curve by a millionth": Forgery(edit_a_curve, False, {1}),
    "the curve of the last epoch": Forgery(edit_the_last_epoch, False, {2}),
    "a learning rate": Forgery(edit_a_learning_rate, False, {1}),
    "how the training set is fitted": Forgery(fit_better, False, {2}),
    "the seed in the record": Forgery(swap_the_seed_of_the_record, True, {1, 2}),
    "the seed": Forgery(swap_the_seed, False, {1, 2}),
    "the learning rate as a parameter": Forgery(claim_another_rate, False, {1, 2}),
    "the batch size": Forgery(claim_another_batch, False, {1, 2}),
    "another seed's training": Forgery(take_another_seeds_training, False, {1}, frozenset({2})),
    "another variant's records": Forgery(take_another_variants_records, False, {1, 2}),
    "a link": Forgery(invent_a_link, True, {2}),
    "all links": Forgery(invent_links, True, {1, 2}),
    "all links, without a state": Forgery(invent_links_and_lose_the_state, False, {1}, frozenset({2})),
    "what the training began with": Forgery(invent_the_start, False, {1}),
    "a state": Forgery(replace_the_state, True, {2}),
    "a state and its link": Forgery(replace_the_state_and_its_link, False, {1, 2}),
    "a state of another network": Forgery(attach_the_state_of_another_network, False, {1, 2}),
    "an invented state, really trained on": Forgery(train_from_an_invented_state, False, {1}),
    "what is drawn": Forgery(draw_nothing, True, set(), frozenset({2})),
    "one epoch less": Forgery(lose_an_epoch, True, set(), frozenset({1, 2})),
    "the notebook's code": Forgery(change_the_code, True, set()),
}


@pytest.fixture
def forged(honest: Path, tmp_path: Path) -> Forged:
    """The attachments, to be forged."""
    return Forged(Path(shutil.copytree(honest, tmp_path / "report")))


def faults(folder: Path, epoch: int, replays: Replays) -> tuple[str, ...]:
    return compared(epochs(folder)[epoch], replays).faults


def test_what_is_true_passes(honest: Path, replays: Replays) -> None:
    assert Forged(honest).found() == ()
    for name in ("good", "other"):
        there = epochs(honest, name)
        assert list(there) == [1, 2]
        assert there[1].state is None and there[2].state is not None
        for each in there.values():
            found = compared(each, replays)
            assert (found.faults, found.agrees.startswith("every bit is the same")) == ((), True)


def test_what_follows_is_all_that_there_is_to_it(forged: Forged, replays: Replays) -> None:
    """Changing nothing, the forger's tools leave what is true: what is found below is the forgery."""
    forged.follow()
    assert forged.found() == ()
    assert [faults(forged.folder, epoch, replays) for epoch in (1, 2)] == [(), ()]


@pytest.mark.parametrize("name", FORGERIES)
def test_forgeries(name: str, forged: Forged, replays: Replays) -> None:
    forgery = FORGERIES[name]
    forgery.change(forged, replays)
    assert bool(forged.found()) == forgery.plain, forged.found()
    there = epochs(forged.folder)
    assert there.keys() == {1, 2} - forgery.lacking
    assert {n for n in there if faults(forged.folder, n, replays)} == forgery.replays


def test_each_forgery_is_found_in_some_way() -> None:
    assert len(FORGERIES) >= 20
    assert all(each.plain or each.replays for each in FORGERIES.values())
    assert sum(each.plain for each in FORGERIES.values()) < len(FORGERIES) // 2


# --- beyond both


def edit_times(forged: Forged) -> None:
    for epoch in forged.training["epochs"]:
        epoch["train_seconds"] /= 2
    forged.follow()


def add_an_epoch(forged: Forged) -> None:
    """A third one, and what it came to, all invented; as if the states had been too large."""
    last = forged.training["epochs"][-1]
    forged.training["epochs"].append({**last, "epoch": 3, "train_accuracy": 0.99})
    forged.record["parameters"]["epochs"] = 3
    forged.chain["links"].append(INVENTED)
    forged.training["best"]["epoch"] = 3
    invent_predictions(forged, None)  # type: ignore[arg-type]


def name_another_processor(forged: Forged) -> None:
    """What is changed lies within what roundings make; the second epoch can't be replayed."""
    (forged.results / state_file(1)).unlink()
    forged.training["environment"]["processor"] = "another"
    shade(forged, 1, "train_loss", -1e-6)
    forged.follow()


BEYOND = {  # with the words of README
    "times": (edit_times, "no time is compared"),
    "an epoch that can't be replayed": (add_an_epoch, "It says nothing of other epochs"),
    "a little, elsewhere": (name_another_processor, "or name another processor"),
}


@pytest.mark.parametrize("name", BEYOND)
def test_what_neither_finds_is_in_the_readme(name: str, forged: Forged, replays: Replays) -> None:
    change, words = BEYOND[name]
    change(forged)
    assert forged.found() == ()
    there = epochs(forged.folder)
    assert {1, 2} >= there.keys() >= {1}
    assert [faults(forged.folder, epoch, replays) for epoch in there] == [()] * len(there)
    readme = " ".join((PROJECT_ROOT / "README.md").read_text(encoding="utf-8").split())
    assert re.search(re.escape(words), readme)


def test_the_readme_says_what_is_found_and_what_else_a_forger_can_do() -> None:
    readme = " ".join((PROJECT_ROOT / "README.md").read_text(encoding="utf-8").split())
    plain = sum(each.plain for each in FORGERIES.values())
    replayed = sum(bool(each.replays) for each in FORGERIES.values())
    found = f"plain `verify` finds {plain}, a replay of the forged epoch {replayed}, the two together all"
    assert f"Of {len(FORGERIES)} forgeries in the tests" in readme and found in readme
    assert "the state before an epoch may be invented" in readme
    assert "until the draw suits" in readme
    assert "each trained honestly and chosen among" in readme


# --- elsewhere


def test_elsewhere_what_is_true_is_within_a_tolerance_that_is_told(forged: Forged, replays: Replays) -> None:
    forged.training["environment"]["processor"] = "another"
    forged.follow()
    found = compared(epochs(forged.folder)[1], replays)
    assert found.faults == ()
    words = r"within the tolerance, 10 times what two roundings of it differ by here: [0-9.e-]+ of losses"
    assert re.match(words, found.agrees)


def test_elsewhere_a_forgery_beyond_the_tolerance_is_found(forged: Forged, replays: Replays) -> None:
    forged.training["environment"]["processor"] = "another"
    shade(forged, 1, "validation_accuracy", 0.2)
    shade(forged, 1, "learning_rate", 1e-6)
    forged.follow()
    found = faults(forged.folder, 1, replays)
    assert len(found) == 2 and all("more apart than" in fault for fault in found), found
