"""Planted copies among sixty made-up reports are found, and nothing else is suspected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from runner.review.alike import findings, groups
from runner.review.findings import Finding
from runner.review.records import HandIn
from tests.review.made_up_class import NAMES, chance, hand_in, with_losses, with_runs

LAB = range(40, 50)


def own_times(copy: HandIn, of: HandIn) -> HandIn:
    """The other's trainings, said to have been made when and with what one's own were."""
    runs = {
        name: replace(run, moments=copy.runs[name].moments, settings=copy.runs[name].settings)
        for name, run in of.runs.items()
    }
    return with_runs(copy, runs)


def honest() -> list[HandIn]:
    """Own seeds; the usual seed on machines of all kinds; the same seed in one room; other parameters."""
    return [
        *(hand_in(number, seed=100 + number) for number in range(20)),
        *(hand_in(number, processor=f"processor {number}") for number in range(20, 40)),
        *(hand_in(number, processor="lab") for number in LAB),
        *(hand_in(number, seed=300 + number % 2, batch_size=32 + number) for number in range(50, 54)),
    ]


def planted(class_: list[HandIn]) -> dict[tuple[str, str], HandIn]:
    """Six copies, each by its original and its own name."""
    whole = replace(class_[3], file="54.pdf", sha256="sha 54", names=("Luis",))
    seed = own_times(hand_in(55, seed=999), class_[4])
    machine = own_times(hand_in(56, processor="another"), class_[25])
    noisy = hand_in(57, seed=777)
    noisy = with_runs(
        noisy,
        {
            name: with_losses(
                noisy.runs[name], run.losses * np.exp(chance("noise").normal(0, 0.05, len(run.losses)))
            )
            for name, run in class_[5].runs.items()
            if run.losses is not None
        },
    )
    mixed = hand_in(58, seed=778)
    kept = chance("kept").uniform(size=1500) < 0.3
    mixed = with_runs(
        mixed,
        {
            name: with_losses(mixed.runs[name], np.where(kept, run.losses, mixed.runs[name].losses))  # type: ignore[arg-type]
            for name, run in class_[6].runs.items()
        },
    )
    curves = hand_in(59, seed=779)
    curves = with_runs(
        curves,
        {name: replace(run, history=class_[7].runs[name].history) for name, run in curves.runs.items()},
    )
    originals = (3, 4, 25, 5, 6, 7)
    copies = (whole, seed, machine, noisy, mixed, curves)
    return {(f"{n:02}.pdf", copy.file): copy for n, copy in zip(originals, copies, strict=True)}


@pytest.fixture(scope="module")
def found() -> dict[tuple[str, str], Finding]:
    class_ = honest()
    return {(each.first, each.second): each for each in findings([*class_, *planted(class_).values()])}


def test_each_copy_is_found_and_nothing_else(found: dict[tuple[str, str], Finding]) -> None:
    grave = {pair: each for pair, each in found.items() if each.kind != "explained"}
    assert grave.keys() == planted(honest()).keys()
    assert [pair for pair, each in grave.items() if each.kind == "copied"] == [("03.pdf", "54.pdf")]


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        (("03.pdf", "54.pdf"), "the same start, or the same seconds of every epoch, to the last digit"),
        (
            ("04.pdf", "55.pdf"),
            "the same test predictions and losses, to the last digit (baseline, best), although seed differ",
        ),
        (("25.pdf", "56.pdf"), "although processor differ"),
        (
            ("05.pdf", "57.pdf"),
            "more alike than those of independent trainings (baseline, best: correlation 0.99",
        ),
        (("06.pdf", "58.pdf"), "the same loss, to the last digit, of single test images ("),
        (("07.pdf", "59.pdf"), "the same curves, yet other test predictions"),
    ],
)
def test_what_was_compared_is_told(
    found: dict[tuple[str, str], Finding], pair: tuple[str, str], words: str
) -> None:
    assert words in "; ".join(found[pair].lines)


def test_the_same_seed_explains_the_same_results(found: dict[tuple[str, str], Finding]) -> None:
    """In one room all results are the same, and that is said of all of them at once."""
    assert groups(list(found.values())) == (tuple(f"{number}.pdf" for number in LAB),)


def test_a_training_under_another_name_is_found() -> None:
    ours, theirs = hand_in(1, seed=1), hand_in(2, seed=2)
    first, last = NAMES
    runs = {**ours.runs, first: replace(ours.runs[first], **_digits_of(theirs, last))}
    (only,) = findings([with_runs(ours, runs), theirs])
    assert only.kind == "suspicious"
    assert f"({first} = {last}), although seed differ" in "; ".join(only.lines)


def _digits_of(report: HandIn, name: str) -> dict[str, object]:
    run = report.runs[name]
    return {each: getattr(run, each) for each in ("history", "predictions", "losses", "predicted")}


def test_the_same_file_twice_is_told() -> None:
    report = hand_in(1)
    (only,) = findings([report, replace(report, file="again.pdf")])
    assert only.kind == "copied"
    assert only.lines[0] == "the same file, byte by byte"


def test_losses_of_few_values_are_no_copies() -> None:
    """Probabilities of a forest, say, are hundredths: chance makes many of them equal."""
    reports = [hand_in(number, seed=number) for number in range(3)]
    coarse = [
        with_runs(each, {n: with_losses(r, np.round(r.losses, 1)) for n, r in each.runs.items()})  # type: ignore[arg-type]
        for each in reports
    ]
    assert findings(coarse) == ()


def test_rounded_times_are_no_copies() -> None:
    reports = [hand_in(number, seed=number) for number in range(3)]
    rounded = [
        with_runs(
            each,
            {
                n: replace(r, moments=("2026-01-15T12:00:00", "60.0", "14.0", "14.0"))
                for n, r in each.runs.items()
            },
        )
        for each in reports
    ]
    assert findings(rounded) == ()
