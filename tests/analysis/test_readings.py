"""Sentences of questions 7 and 9 to 11: every outcome has its words, and no two contradict each other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import product

import pytest

from runner import LOCALES
from runner.analysis import readings
from runner.analysis.compare import Comparison, Verdict
from runner.analysis.readings import Batches, Doubled, Facts, Lowest, Moves, Overfitting
from runner.language.i18n import speaking
from runner.language.phrases import FOLDER, Row, phrase, read_topic, topics
from runner.plan.variants import TEMPLATES
from runner.results.finished import WhichEpoch

VERDICTS: tuple[Verdict, ...] = ("better", "worse", "undecided")
SIZES = {"batch-4": 4, "batch-16": 16, "baseline": 64, "batch-128": 128, "batch-256": 256}
OTHERS = tuple(name for name in SIZES if name != "baseline")
Claim = tuple[str, str]  # what of which epoch (as facts name it), and the verdict on it


def comparison(variant: str, verdict: Verdict, metric: str = "cross_entropy") -> Comparison:
    """One that came out so."""
    sign = {"better": 1, "worse": -1, "undecided": 0}[verdict]
    difference = 0.1 * sign * (1 if metric == "accuracy" else -1)
    better = "higher" if metric == "accuracy" else "lower"
    return Comparison(
        variant, "baseline", "validation", metric, better, 1 + difference, 1.0, difference,
        *(difference - 0.01, difference + 0.01, difference), 0.01, 0.01, "t pareada", verdict,
    )  # fmt: skip


def filled(topic: str, part: str, facts: Facts) -> str:
    """The sentence, each slot one word."""
    text = phrase(TEMPLATES, topic, part, facts)
    return re.sub(r"\{(\w+)\}", r"<\1>", text)


def lowest(name: str, epoch: int) -> Lowest:
    return Lowest(name, SIZES.get(name, 256), epoch, 1.0, 0.1, 10)


# ---------------------------------------------------------------- questions 10 and 11

# What a sentence claims: pattern, and which facts it holds to be what. E is the epoch of its sentence.
SAYS: dict[str, list[tuple[str, list[tuple[str, str]]]]] = {
    "es": [
        (r"acierta más: ", [("E_accuracy", "better"), ("E_test_accuracy", "better")]),
        (r"acierta menos: ", [("E_accuracy", "worse"), ("E_test_accuracy", "worse")]),
        (r"acierta más en validación", [("E_accuracy", "better")]),
        (r"acierta menos en validación", [("E_accuracy", "worse")]),
        (r"y más en test|en test acierta más", [("E_test_accuracy", "better")]),
        (r"y menos en test|en test acierta menos", [("E_test_accuracy", "worse")]),
        (r"(?<!en test )acierta más \(", [("E_accuracy", "better")]),
        (r"(?<!en test )acierta menos \(", [("E_accuracy", "worse")]),
        (r"pérdida de validación (también mejora|es (un \S+ )?menor)", [("E_loss", "better")]),
        (
            r"pérdida de validación (también empeora|es (un \S+ )?mayor|queda un \S+ por encima)",
            [("E_loss", "worse")],
        ),
        (r"gana en las dos medidas", [("E_loss", "better"), ("E_accuracy", "better")]),
        (r"pierde en las dos medidas", [("E_loss", "worse"), ("E_accuracy", "worse")]),
        (r"No se contradicen", [("last_loss", "worse"), ("best_loss", "better")]),
        (r"desventaja en pérdida (es|no es)", [("last_loss", "worse")]),
        (r"está ya en la mejor época", [("best_loss", "worse")]),
        (r"ventaja en pérdida está, pues, en las dos", [("last_loss", "better"), ("best_loss", "better")]),
        (r"La ventaja en pérdida del final", [("last_loss", "better")]),
        (r"gana en pérdida", [("best_loss", "better")]),
        (r"pierde en pérdida", [("best_loss", "worse")]),
        (r"En pérdida no hay, pues, diferencia", [("last_loss", "undecided"), ("best_loss", "undecided")]),
    ],
    "en": [
        (r"right more often: ", [("E_accuracy", "better"), ("E_test_accuracy", "better")]),
        (r"right less often: ", [("E_accuracy", "worse"), ("E_test_accuracy", "worse")]),
        (r"right more often on validation", [("E_accuracy", "better")]),
        (r"right less often on validation", [("E_accuracy", "worse")]),
        (r"and more often on test|on test it is right more", [("E_test_accuracy", "better")]),
        (r"and less often on test|on test it is right less", [("E_test_accuracy", "worse")]),
        (r"(?<!on test it is )right more often \(", [("E_accuracy", "better")]),
        (r"(?<!on test it is )right less often \(", [("E_accuracy", "worse")]),
        (r"validation loss (gets better|is (\S+ )?lower)", [("E_loss", "better")]),
        (r"validation loss (gets worse|is (\S+ )?higher|ends \S+ higher)", [("E_loss", "worse")]),
        (r"wins by both", [("E_loss", "better"), ("E_accuracy", "better")]),
        (r"loses by both", [("E_loss", "worse"), ("E_accuracy", "worse")]),
        (r"do not contradict", [("last_loss", "worse"), ("best_loss", "better")]),
        (r"disadvantage in loss is", [("last_loss", "worse")]),
        (r"it is there at the best epoch", [("best_loss", "worse")]),
        (r" advantage in loss is there at both", [("last_loss", "better"), ("best_loss", "better")]),
        (r"The advantage in loss at the end", [("last_loss", "better")]),
        (r"gains in loss", [("best_loss", "better")]),
        (r"loses in loss", [("best_loss", "worse")]),
        (r"in loss there is no difference", [("last_loss", "undecided"), ("best_loss", "undecided")]),
    ],
}
AT_BEST = ("Cada una en su mejor época", "Each at its best epoch")
PARTS = ("accuracy", "loss", "best", "training", "why")
METRICS = ("loss", "accuracy", "test_accuracy")


def claims(text: str, language: str) -> set[Claim]:
    """All that a text says of the comparisons."""
    found: set[Claim] = set()
    for sentence in re.split(r"(?<=\.) ", text):
        epoch = "best" if sentence.startswith(AT_BEST) else "last"
        for pattern, said in SAYS[language]:
            if re.search(pattern, sentence):
                found |= {(what.replace("E_", f"{epoch}_"), verdict) for what, verdict in said}
    return found


def doubles() -> Iterator[Doubled]:
    """Every outcome of a larger network."""
    for last, best in product(product(VERDICTS, repeat=3), [None, *product(VERDICTS, repeat=2)]):
        loss, accuracy, test = last
        both: dict[str, dict[WhichEpoch, Comparison]] = {
            "loss": {"last": comparison("filters-x2", loss)},
            "accuracy": {"last": comparison("filters-x2", accuracy, "accuracy")},
            "test_accuracy": {"last": comparison("filters-x2", test, "accuracy")},
            "test_loss": {"last": comparison("filters-x2", loss)},
        }
        if best:
            both["loss"]["best"] = comparison("filters-x2", best[0])
            both["accuracy"]["best"] = comparison("filters-x2", best[1], "accuracy")
        for (ours, theirs), training in product([(5, 8), (10, 5), (10, 10)], ["falls", "rises", "same"]):
            minima = lowest("filters-x2", ours), lowest("batch-256", theirs)
            yield Doubled("filters-x2", "batch-256", *_in_order(both), *minima, training)


def _in_order(both: Mapping[str, dict[WhichEpoch, Comparison]]) -> list[dict[WhichEpoch, Comparison]]:
    return [both[name] for name in ("loss", "accuracy", "test_loss", "test_accuracy")]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_larger_network_is_said_as_it_was_read_and_no_sentence_contradicts_another(locale: str) -> None:
    with speaking(locale):
        for reading in doubles():
            facts = reading.facts
            parts = [
                filled("doubled", part, facts) for part in ("accuracy", "loss", "best", "training", "why")
            ]
            said = claims(" ".join(parts), locale[:2])
            assert {facts[what] for what, verdict in said} == {verdict for _, verdict in said}, parts
            for what, verdict in said:
                assert facts[what] == verdict, (parts, facts)
            for what in METRICS:
                if (found := facts[f"last_{what}"]) != "undecided":
                    assert (f"last_{what}", found) in said, (parts, facts)
            for what in ("loss", "accuracy"):
                if facts["best"] == "earlier" and (found := facts[f"best_{what}"]) != "undecided":
                    assert (f"best_{what}", found) in said, (parts, facts)
            silent = [text for text in (parts[0], parts[1], parts[3]) if not text]
            assert not silent
            assert bool(parts[2]) == bool(parts[4]) == (facts["best"] != "unknown")


def test_a_claim_that_is_not_what_was_read_would_be_noticed() -> None:
    text = "La red acierta más: 1 en validación y 2 en test. Su pérdida de validación es un 3 mayor."
    assert claims(text, "es") == {
        *[("last_accuracy", "better"), ("last_test_accuracy", "better"), ("last_loss", "worse")],
    }
    assert claims("Cada una en su mejor época, pierde en las dos medidas: y.", "es") == {
        *[("best_loss", "worse"), ("best_accuracy", "worse")],
    }


# ---------------------------------------------------------------- question 9


def batches(verdicts: Mapping[str, Verdict], minima: Sequence[int] = (3, 3, 5, 5, 8)) -> Batches:
    """Batch sizes that came out so, at both epochs and by both metrics."""
    there = [name for name in SIZES if name == "baseline" or name in verdicts]
    losses = Moves(tuple(comparison(name, v) for name, v in verdicts.items()))
    hits = Moves(tuple(comparison(name, v, "accuracy") for name, v in verdicts.items()))
    moves: dict[WhichEpoch, Moves] = {"last": losses, "best": losses}
    accuracies: dict[WhichEpoch, Moves] = {"last": hits, "best": hits}
    return Batches(
        base="baseline",
        sizes=tuple((name, SIZES[name]) for name in there),
        lowest=tuple(lowest(n, e) for n, e in zip(SIZES, minima, strict=True) if n in there),
        losses=moves,
        accuracies=accuracies,
        test_accuracies=accuracies,
        final_losses=tuple(range(len(there))),
        best_losses=tuple(range(len(there))),
        training=tuple("falls" for _ in there),
    )


@cache
def all_batches() -> list[Batches]:
    """Every outcome of every selection of sizes."""
    found = []
    for chosen in product([None, *VERDICTS], repeat=len(OTHERS)):
        verdicts = {name: v for name, v in zip(OTHERS, chosen, strict=True) if v is not None}
        if verdicts:
            found.append(batches(verdicts))
    return found


DOWN = {
    "es": ("baja <lower>", "sube <higher>", "<same>"),
    "en": ("falls <lower>", "rises <higher>", "<same>"),
}


@pytest.mark.parametrize("locale", LOCALES)
def test_each_batch_size_is_in_the_one_group_of_the_sentence_where_it_belongs(locale: str) -> None:
    with speaking(locale):
        for reading in all_batches():
            for moves in (reading.losses["last"], reading.accuracies["last"]):
                text = filled("batches", "moves", moves.facts)
                groups = moves.lower, moves.higher, moves.same
                assert sorted(c.variant for group in groups for c in group) == sorted(reading.others)
                for words, group in zip(DOWN[locale[:2]], groups, strict=True):
                    assert (words in text) == bool(group), text


LESS = {"es": ("menos pérdida", "más pérdida"), "en": ("less loss", "more loss")}
ALSO = {"es": "no se distinguen", "en": "can't be told"}


@pytest.mark.parametrize("locale", LOCALES)
def test_both_sides_are_said_also_where_small_and_large_batches_win(locale: str) -> None:
    less, more = LESS[locale[:2]]
    with speaking(locale):
        for reading in all_batches():
            facts, verdicts = reading.sides("last"), _verdicts(reading)
            text = phrase(TEMPLATES, "batches", "sides", facts)
            for side, names in [("small", OTHERS[:2]), ("large", OTHERS[2:])]:
                found = {verdicts[name] for name in names if name in verdicts}
                said = phrase(TEMPLATES, "batches", "side", {"side": facts[side]})
                assert (f"{{{side}}}" in text) == bool(found), text
                assert (less in said) == ("better" in found), (said, found)
                assert (more in said) == ("worse" in found), (said, found)
                if found and found != {"better", "worse", "undecided"}:
                    assert (ALSO[locale[:2]] in said) == ("undecided" in found), (said, found)


def _verdicts(reading: Batches) -> dict[str, Verdict]:
    return {c.variant: c.verdict for c in reading.losses["last"].compared}


@pytest.mark.parametrize("locale", LOCALES)
def test_what_others_found_is_compared_with_what_was_found_here(locale: str) -> None:
    agrees, disagrees = {"es": ("Coincide", "No coincide"), "en": ("It agrees", "It disagrees")}[locale[:2]]
    with speaking(locale):
        for reading in all_batches():
            facts, verdicts = reading.accuracy_sides("last"), _verdicts(reading)
            small = {verdicts[name] for name in OTHERS[:2] if name in verdicts}
            text = phrase(TEMPLATES, "batches", "masters", facts)
            assert text.startswith(agrees) == ("better" in small)
            assert text.startswith(disagrees) == ("worse" in small and "better" not in small)
            large = [verdicts[name] for name in OTHERS[2:] if name in verdicts]
            text = phrase(TEMPLATES, "batches", "keskar", facts)
            assert text.startswith(agrees) == (large[-1:] == ["worse"])
            assert text.startswith(disagrees) == (large[-1:] == ["better"])


@pytest.mark.parametrize(
    ("values", "outlier"),
    [
        ([0.923, 0.841, 0.863, 0.852, 0.854], "batch-4"),  # as measured
        ([0.5, 0.6, 0.7, 0.8, 0.9], ""),
        ([0.7, 0.7, 0.7, 0.7, 0.7], ""),
        ([0.7, 0.71, 0.72, 0.7, 0.2], "batch-256"),
    ],
)
def test_one_size_stands_alone_only_if_the_others_are_close(values: Sequence[float], outlier: str) -> None:
    assert readings.apart(tuple(SIZES), values) == outlier


def test_the_minima_say_who_overfits_first() -> None:
    wins: dict[str, Verdict] = dict.fromkeys(OTHERS, "better")
    for minima, sooner in [
        ((3, 3, 5, 5, 8), "small"),
        ((8, 5, 5, 3, 3), "large"),
        ((5, 3, 5, 3, 5), "alike"),
    ]:
        assert batches(wins, minima).facts["sooner"] == sooner
    assert batches(wins, (10,) * 5).facts["best"] == "last"


# ---------------------------------------------------------------- all rows


FIGURES = [
    {fact: value}
    for fact, values in {
        "best": (*VERDICTS, "unknown"),
        "most": ("dense", "convolutional", "neither"),
        "mistakes": ("yes", "no"),
        "sure": ("all", "most", "half", "few", "unknown"),
        "closest": ("yes", "no"),
        "colour": ("all", "most", "half", "few", "none"),
        "larger": ("centre", "edge", "neither"),
        "blank": ("none", "some", "most", "all"),
    }.items()
    for value in values
]


def outcomes() -> dict[str, list[Facts]]:
    """The facts of every outcome, by topic."""
    losses = {"better": "better", "worse": "worse", "undecided": "undecided"}
    found: dict[str, list[Facts]] = {"doubled": [], "batches": [], "overfitting": [], "figures": []}
    found["doubled"] = [each.facts for each in doubles()]
    titles = product([*losses, "unknown"], repeat=2)
    found["doubled"] += [{"filters": f, "layers": layers} for f, layers in titles]
    for reading in all_batches():
        found["batches"] += [reading.losses["last"].facts, reading.sides("last")]
        for training in ("falls", "rises", "same"):
            found["batches"].append({**reading.accuracy_sides("last"), "training": training})
    for best, spread, outlier, sooner in product(
        ["unknown", "earlier", "last"],
        ["narrower", "alike"],
        ["yes", "no"],
        ["small", "large", "alike", "one"],
    ):
        found["batches"].append({"best": best, "range": spread, "outlier": outlier, "sooner": sooner})
    found["batches"] += [{"time": time} for time in ("slower", "faster", "same")]
    found["batches"] += [
        {"epoch": epoch, "seeds": seeds} for epoch in ("last", "best") for seeds in ("one", "few", "several")
    ]
    found["batches"] += [
        {"metric": m, "split": s} for m in ("accuracy", "loss") for s in ("test", "validation")
    ]
    sides = {side for r in all_batches() for side in (r.sides("last")["small"], r.sides("last")["large"])}
    found["batches"] += [{"side": side} for side in sides]
    parts = product(["there", "missing", "left out"], *([*losses, "unknown"],) * 2, ["all", "one of several"])
    found["ladder"] = [dict(zip(("ladder", "asked", "rest", "seeds"), each, strict=True)) for each in parts]
    ends = product(["unknown", "earlier", "last"], *(losses,) * 2)
    found["epochs"] = [
        dict(zip(("best", "best_test_accuracy", "best_test_loss"), each, strict=True)) for each in ends
    ]
    found["orders"] = [{"orders": orders} for orders in ("same", "other", "unknown")]
    for gap, seeds, splits, turned, rise in product(
        *(["apart", "reversed", "none"],) * 2, ["same", "harder", "easier"], [True, False], [None, *VERDICTS]
    ):
        risen = comparison("baseline", rise) if rise else None
        for margin, number in product((True, False), (1, 3)):
            reading = Overfitting(gap, seeds, splits, turned, margin, risen, risen, number)
            found["overfitting"].append(reading.facts)
    found["figures"] = [*found["overfitting"], *FIGURES]
    return found


def holds(row: Row, facts: Facts) -> bool:
    """Whether a row is meant for these facts at all, and holds."""
    return row.when.keys() <= facts.keys() and row.holds(facts)


def test_every_row_is_said_of_some_outcome_and_no_outcome_is_left_without_words() -> None:
    found = outcomes()
    for topic, parts in topics(TEMPLATES).items():
        for part, rows in parts.items():
            names = {name for row in rows for name in row.when}
            meant = [facts for facts in found[topic] if names <= facts.keys()]
            assert meant, (topic, part)
            chosen = {next((row.text for row in rows if row.holds(facts)), None) for facts in meant}
            assert None not in chosen, f"{topic}: {part}"
            assert chosen == {row.text for row in rows}, f"{topic}: {part} has a row that is never said"
            assert not rows[-1].when, f"{topic}: {part} has no row for the rest"


def test_every_sentence_ends_and_no_line_of_a_template_that_says_them_is_endless() -> None:
    for path in sorted((TEMPLATES / FOLDER).glob("*.toml")):
        for part, rows in read_topic(path).items():
            texts = [row.text for row in rows if row.text]
            words = [text.removeprefix(" ") for text in texts] if part == "where" else texts
            assert all(text == text.strip() for text in words)
            assert len({text.endswith(".") for text in texts}) == 1, f"{path.name}: {part}"
    for path in sorted(TEMPLATES.rglob("*.html")):
        outside = re.sub(r"{% call table.*?{% endcall %}", "", path.read_text("utf-8"), flags=re.DOTALL)
        cells = "<(tr|th|td|thead|colgroup)[ >]"
        lines = [line for line in outside.splitlines() if not re.search(cells, line)]
        assert [line for line in lines if len(line) > 160] == [], path.name
