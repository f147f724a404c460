"""What a number measures: the compact form, as old reports have it, and the words."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from runner.language import i18n
from runner.report.claims.evidence import link_claims
from runner.report.claims.evidence_words import COUNTED, field_words, metric_words
from runner.report.claims.metric import Formula, Metric, Term, call, record_at, value_at
from runner.report.claims.numbers import Ledger, Measured
from runner.report.functions.filters import NumberFilters

LABELS = {"a": "modelo A", "b": "modelo B"}


@pytest.fixture(autouse=True)
def spain() -> Iterator[None]:
    with i18n.speaking("es_ES"):
        yield


@pytest.mark.parametrize(
    ("metric", "record", "field"),
    [
        (value_at("evaluation.test.accuracy"), "evaluation", "test.accuracy"),
        (value_at("model.layers.3.output_shape.-1"), "model.layers.3", "output_shape.-1"),
        (value_at("model.layers.3"), "model", "layers.3"),
        (value_at("values.ways.0.sizes.10"), "values.ways.0", "sizes.10"),
        (value_at("values.sizes.0"), "values", "sizes.0"),
        (value_at("values.my-list.0.a"), "values", "my-list.0.a"),
        (value_at("epochs.-1.train_loss"), "epochs", "-1.train_loss"),
        (value_at("wall_seconds"), "wall_seconds", ""),
        (value_at("1 / count of data.class_names"), "1 / count of data.class_names", ""),
        (value_at("values.two words"), "values.two words", ""),
        (record_at("evaluation.test.accuracy").part("mean"), "evaluation.test.accuracy", "mean"),
        (call("compare", "a", "b", "test", "accuracy").part("low"), "compare(a, b, test, accuracy)", "low"),
        (call("turning_point").part("epoch"), "turning_point", "epoch"),
        (call("confusion", 3, 5), "confusion(3, 5)", ""),
    ],
)
def test_the_compact_form(metric: Metric, record: str, field: str) -> None:
    """Record and field apart, as the map of evidence has them, and together, as ``data-metric`` has them."""
    assert str(metric.whole) == record
    assert ".".join(metric.field) == field
    assert str(metric) == (f"{record}.{field}" if field else record)


def measured(value: float, variant: str, path: str) -> Measured:
    return Measured(value, variant, value_at(path))


LOSS = measured(0.5, "a", "evaluation.train.cross_entropy")
OTHER = measured(0.4, "b", "evaluation.train.cross_entropy")
MEAN = Measured(0.4, "b b~2", record_at("evaluation.train.cross_entropy").part("mean"))
COMPARED = Measured(0.1, "a b", call("compare", "a", "b", "validation", "cross_entropy").part("relative"))
HEIGHT = Measured(3, "a", value_at("filters.npz first_kernel filters"))


@pytest.mark.parametrize(
    ("made", "compact", "words"),
    [
        (
            (LOSS - OTHER) / OTHER * 100,
            "(((a:evaluation.train.cross_entropy - b:evaluation.train.cross_entropy)"
            " / b:evaluation.train.cross_entropy) * 100)",
            "((pérdida de entrenamiento (modelo A) − pérdida de entrenamiento (modelo B))"
            " ÷ pérdida de entrenamiento (modelo B)) × 100",
        ),
        (
            LOSS + MEAN,
            "(a:evaluation.train.cross_entropy + b b~2:evaluation.train.cross_entropy.mean)",
            "pérdida de entrenamiento (modelo A) + pérdida de entrenamiento, media (modelo B)",
        ),
        (
            COMPARED * 100,
            "(a b:compare(a, b, validation, cross_entropy).relative * 100)",
            "diferencia de pérdida de validación, diferencia relativa (modelo A y modelo B) × 100",
        ),
        (
            abs(LOSS - OTHER) / 2,
            "((abs (a:evaluation.train.cross_entropy - b:evaluation.train.cross_entropy)) / 2)",
            "(valor absoluto de (pérdida de entrenamiento (modelo A)"
            " − pérdida de entrenamiento (modelo B))) ÷ 2",
        ),
        (
            HEIGHT / measured(2, "b", "values.height-of"),
            "(a:filters.npz first_kernel filters / b:values.height-of)",
            "filtros de la primera capa (modelo A) ÷ values.height-of (modelo B)",
        ),
        (
            Measured(7.0, "a b", Formula("sum", (record_at("wall_seconds"),))),
            "(sum wall_seconds)",
            "suma de segundos del cuaderno entero",
        ),
    ],
)
def test_formulas(made: Measured, compact: str, words: str) -> None:
    """Arithmetic makes the tree; both forms are printed from it."""
    assert str(made.metric) == compact
    assert metric_words(made.metric, LABELS.__getitem__) == words


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (value_at("epochs.-1.train_cross_entropy"), "pérdida de entrenamiento, última época"),
        (value_at("epochs.4.validation_accuracy"), "exactitud de validación, época 5"),
        (value_at("epochs.4.learning_rate"), ""),
        (value_at("epochs.last.train_loss"), ""),
        (value_at("parameters.batch_size"), "tamaño de lote"),
        (value_at("parameters.unheard_of"), ""),
        (value_at("model.layers.2").whole, "modelo"),
        (record_at("model.layers.2"), "capa del modelo"),
        (Metric(("largest_confusions", "0")), "confusión más frecuente, puesto 1"),
        (call("gap_seeds", "validation", "train"), "pérdida de validación menos pérdida de entrenamiento"),
        (call("loss_interval", "test"), "pérdida de test"),
        (call("accuracy_interval", "test"), "exactitud de test"),
        (call("per_class", "gato"), "clase «gato» en test"),
        (call("unheard_of", "test"), ""),
    ],
)
def test_words(metric: Metric, words: str) -> None:
    """Empty where the reader has no words for it."""
    assert metric_words(metric) == words


@pytest.mark.parametrize("counted", COUNTED)
def test_what_templates_count_has_words(counted: str) -> None:
    """No file or array name of the program is left in the map of evidence."""
    assert metric_words(value_at(counted)) == COUNTED[counted]


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (call("compare", "a", "b", "test", "accuracy").part("low"), "desde"),
        (call("compare", "a", "b", "test", "accuracy").part("unheard_of"), ""),
        (value_at("evaluation.test.accuracy"), "exactitud de test"),
        (value_at("data.train_images"), "imágenes de entrenamiento"),
        (value_at("values.ways.0.sizes.3"), ""),
        (value_at("model.layers.1.output_shape"), "salida"),
        (
            Formula("-", (Term("a", value_at("lost_seconds")), "2")),
            "segundos perdidos por interrupciones (a) − 2",
        ),
    ],
)
def test_words_of_a_field(metric: Metric | Formula, words: str) -> None:
    assert field_words(metric) == words


def test_values_of_one_record_make_one_claim() -> None:
    """Those of another record, or of a formula, make others."""
    ledger = Ledger()
    print_number = NumberFilters(ledger).all()["number"]
    body = " ".join(
        print_number(each)
        for each in (LOSS, measured(0.7, "a", "evaluation.test.accuracy"), LOSS - OTHER, LOSS - OTHER, HEIGHT)
    )
    _, claims = link_claims(body, "s", "1", ledger)
    shown = [(str(claim.metric), [value.field for value in claim.values]) for claim in claims]
    assert json.loads(json.dumps(shown)) == [
        ["evaluation", ["train.cross_entropy", "test.accuracy"]],
        ["(a:evaluation.train.cross_entropy - b:evaluation.train.cross_entropy)", [""]],
        ["filters.npz first_kernel filters", [""]],
    ]
