"""Tables for the comparison notebook, as HTML with text beside it for terminals."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import product

from IPython.display import HTML, display

from runner.analysis.compare import Comparison, Metric
from runner.analysis.over_seeds import compared
from runner.analysis.readings import epochs_known
from runner.analysis.timing import epoch_seconds, ratio
from runner.figures.style import number
from runner.language.i18n import tr
from runner.results.records import WhichEpoch
from runner.results.study import Study

CHANGES_NO_DIGIT = True  # of a training: see code_closure
WORDS = {
    "better": "mejor",
    "worse": "peor",
    "equivalent": "equivalente",
    "few": "demasiado pocas semillas para decidir",
    "undecided": "sin diferencia demostrable",
}
EPOCHS: dict[WhichEpoch, str] = {"last": "última", "best": "mejor"}
METRICS: tuple[tuple[Metric, str], ...] = (
    ("cross_entropy", "pérdida de validación"),
    ("accuracy", "exactitud de validación"),
)


def losses(study: Study, names: Sequence[str], reference: str) -> None:
    """Losses, accuracies and time of each finished variant; the ratio is to the reference's epoch."""
    rows = []
    for name in names:
        run = study.get(name)
        scores = run.training.evaluation
        relative = number(ratio(study, name, reference).value, 2) if study.has(reference) else "–"
        rows.append(
            [
                study.info(name).label,
                number(scores.train.cross_entropy, 3),
                number(scores.validation.cross_entropy, 3),
                number(100 * scores.validation.accuracy, 1),
                number(100 * scores.test.accuracy, 1),
                number(epoch_seconds(study, name), 1),
                relative,
            ]
        )
    heads = [
        tr("variante"),
        tr("pérdida de entrenamiento"),
        tr("pérdida de validación"),
        tr("exactitud de validación (%)"),
        tr("exactitud de test (%)"),
        tr("segundos por época"),
        tr("tiempo relativo"),
    ]
    show(heads, rows)


def verdicts(study: Study, names: Sequence[str], reference: str) -> None:
    """Each variant against the reference on the validation images, at the last and at the best epoch.

    With interval, p and verdict.
    """
    if not study.has(reference):
        print(tr("Falta «{label}», la referencia.", label=study.label(reference)))
        return
    others = [name for name in names if name != reference]
    rows = []
    for epoch, (metric, title) in product(epochs_known(study, (reference, *others)), METRICS):
        for found in compared(study, others, reference, "validation", metric, epoch):
            rows.append([study.info(found.variant).label, title, EPOCHS[epoch], *_comparison(found)])
    heads = [
        tr("variante"),
        tr("medida"),
        tr("época"),
        tr("diferencia"),
        tr("intervalo del 95 %"),
        "p",
        tr("veredicto"),
    ]
    show(heads, rows)


def _comparison(found: Comparison) -> list[str]:
    return [
        number(found.difference, 4),
        tr("de {low} a {high}", low=number(found.low, 4), high=number(found.high, 4)),
        f"< {number(0.001, 3)}" if found.p_adjusted < 0.001 else number(found.p_adjusted, 3),
        WORDS[found.conclusion],
    ]


def choices(study: Study) -> None:
    """What the best model takes from which variant, and which could not be told apart."""
    rows = []
    for choice in study.choices:
        tied = [study.info(name).label for name in choice.tied]
        winner = study.info(choice.winner).label if choice.winner else "–"
        rows.append([choice.label, winner, "; ".join(tied)])
    show([tr("factor"), tr("se toma de"), tr("sin diferencia demostrable con el mejor")], rows)


def show(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Display a table, if there is anything in it; every cell is escaped.

    Heads and cells that the catalogue knows whole are translated.
    """
    if not rows:
        return
    head = "".join(f"<th>{escape(tr(text))}</th>" for text in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(tr(text))}</td>" for text in row) + "</tr>" for row in rows)
    display(HTML(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"))
