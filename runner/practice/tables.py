"""Tables for the comparison notebook, as HTML with text beside it for terminals."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import product
from typing import TYPE_CHECKING

from IPython.display import HTML, display

from runner.analysis.compare import Comparison
from runner.analysis.over_seeds import compared
from runner.analysis.readings import epochs_known
from runner.analysis.timing import epoch_seconds, measured_apart, ratio
from runner.figures.style import number
from runner.language.i18n import tr
from runner.results.finished import WhichEpoch
from runner.results.records import Training
from runner.results.scores import Metric
from runner.results.study import Study

if TYPE_CHECKING:
    from runner.practice.agreement import Agreement

CHANGES_NO_DIGIT = True  # of a training: see code_closure
WORDS = {
    "better": "mejor",
    "worse": "peor",
    "equivalent": "equivalente",
    "few": "demasiado pocas semillas para decidir",
    "undecided": "sin diferencia demostrable",
}
EPOCHS: dict[WhichEpoch, str] = {"last": "última", "best": "mejor"}
MOST_WHOLE = 24  # letters of a cell that is not broken over two lines
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
        relative = ratio(study, name, reference) if study.has(reference) else None
        rows.append(
            [
                study.info(name).label,
                number(scores.train.cross_entropy, 3),
                number(scores.validation.cross_entropy, 3),
                number(100 * scores.validation.accuracy, 1),
                number(100 * scores.test.accuracy, 1),
                number(epoch_seconds(study, name), 1),
                number(relative.value, 2) if relative else "–",
            ]
        )
    heads = [
        tr("variante"),
        tr("pérdida de entrenamiento"),
        tr("pérdida de validación"),
        tr("exactitud de validación (%)"),
        tr("exactitud de test (%)"),
        tr("segundos por época") if measured_apart(study, names) else tr("segundos por época, al entrenar"),
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


def epochs(training: Training) -> None:
    """Losses and accuracies of each epoch."""
    rows = [
        [
            str(each.epoch),
            number(each.train_cross_entropy, 4),
            number(each.validation_cross_entropy, 4),
            number(100 * each.train_accuracy, 1),
            number(100 * each.validation_accuracy, 1),
        ]
        for each in training.epochs
    ]
    heads = [
        tr("época"),
        tr("pérdida de entrenamiento"),
        tr("pérdida de validación"),
        tr("exactitud de entrenamiento (%)"),
        tr("exactitud de validación (%)"),
    ]
    show(heads, rows)


def evaluation(training: Training) -> None:
    """Cross-entropy and accuracy of each set with the last weights, and with those of the best epoch."""
    found, best, last = training.evaluation, training.best, training.epochs[-1].epoch
    rows = [
        (tr("entrenamiento"), last, found.train),
        (tr("validación"), last, found.validation),
        (tr("test"), last, found.test),
    ]
    if best is not None and best.epoch != last:
        rows += [(tr("validación"), best.epoch, best.validation), (tr("test"), best.epoch, best.test)]
    heads = [tr("conjunto"), tr("época"), tr("entropía cruzada"), tr("exactitud (%)"), tr("imágenes")]
    show(
        heads,
        [
            [
                name,
                str(epoch),
                number(s.cross_entropy, 4),
                number(100 * s.accuracy, 2),
                number(s.images, 0),
            ]
            for name, epoch, s in rows
        ],
    )


def agreement(found: Agreement) -> None:
    """What plain Keras and the program give, beside each other; only for networks that are the same.

    Raises ValueError for others: for those the bounds that are shown don't hold.
    """
    if not found.same:
        raise ValueError(f"not the same network: {found}")
    parameters = [number(each, 0) for each in found.parameters]
    losses = [number(each, 4) for each in found.losses]
    within = tr("menos de {bound}", bound=number(found.OUTPUTS, 5))
    moved = tr(
        "en más del {share} %, menos del {bound} % del mayor cambio",
        share=number(100 * found.WEIGHTS, 0),
        bound=number(100 * found.STEP, 1),
    )
    show(
        ["", tr("Keras"), tr("programa"), tr("diferencia")],
        [
            [tr("parámetros"), *parameters, "0"],
            [tr("pérdida del lote"), *losses, tr("redondeo")],
            [tr("probabilidades del lote"), "", "", within],
            [tr("pesos tras un paso de entrenamiento"), "", "", moved],
        ],
    )


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

    Heads and cells that the catalogue knows whole are translated; short cells are kept on one line.
    """
    if not rows:
        return
    head = "".join(f"<th>{escape(tr(text))}</th>" for text in heads)
    cells = ("".join(f"<td>{escape(_whole(tr(text)))}</td>" for text in row) for row in rows)
    body = "".join(f"<tr>{row}</tr>" for row in cells)
    display(HTML(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"))


def _whole(text: str) -> str:
    """The text of a cell; a short one can't be broken over lines, whatever the page's styles."""
    return text.replace(" ", "\N{NO-BREAK SPACE}") if len(text) <= MOST_WHOLE else text
