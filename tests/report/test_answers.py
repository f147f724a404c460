"""The 18 answers: complete, their words follow from the numbers, and no number is typed."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest

from runner import PROJECT_ROOT
from runner.analysis import over_seeds
from runner.analysis.compare import Comparison
from runner.figures.drawn import Drawn
from runner.figures.own import own_draws
from runner.practice import tables
from runner.report.claims.evidence import Claim
from runner.report.html import report_html
from runner.results.reasons import said
from runner.results.study import MissingVariant, Study
from tests.made_up import Story, make_study
from tests.made_up_records import CLASSES

TEMPLATES = PROJECT_ROOT / "templates"
FIGURES = (
    *("fig-curvas", "fig-lotes", "fig-lotes-diferencias", "fig-redes", "fig-resumen", "fig-curvas-mejor"),
    *("fig-confusion", "fig-filtros-primera", "fig-filtros-ultima", "fig-red-base", "fig-imagen"),
    *("fig-mapas-primera", "fig-mapas-ultima", "fig-red-mejor", "fig-filtros-base"),
    *("fig-filtros-segunda", "fig-fallos", "fig-reconstruccion"),
)
DRAWS = own_draws(TEMPLATES) or {}
SMALL = (700, 600)  # validation and test images: enough for the tests to see a difference


@dataclass(frozen=True)
class Rendered:
    """The whole HTML, each answer's by its number, all claims, and the comparisons that anything rests on.

    That is: summary, answers, discussion, titles of figures, and the notebook's tables of verdicts.
    """

    html: str
    answers: dict[int, str]
    claims: tuple[Claim, ...]
    asked: tuple[Comparison, ...]

    def text(self, number: int) -> str:
        """An answer's words with single spaces."""
        return plain(self.answers[number])

    def lead(self, number: int) -> str:
        """Its first sentence or two, set apart."""
        found = re.search(r'<p class="answer">(.*?)</p>', self.answers[number], re.DOTALL)
        assert found, f"question {number} has no direct answer"
        return plain(found.group(1))


Render = Callable[[str], Rendered]


# Few stories that differ in everything, because each takes seconds to tell.
STORIES = {
    "small": Story(images=SMALL),
    "large": Story(
        batches="smaller-loses",
        history="stalled",
        filters="worse",
        layers="better",
        best="worse",
        test_shift=-0.6,
        images=SMALL,
    ),
    "tie": Story(
        batches="tie",
        history="improving",
        filters="undecided",
        layers="worse",
        best="undecided",
        test_shift=0.6,
        seconds={"batch-4": 14.0, "batch-256": 14.2},
        images=SMALL,
    ),
    "middle": Story(
        batches="middle-wins",
        history="gap-improving",
        train_gap={"batch-256": 0.9},
        filters="worse",
        layers="undecided",
        seconds={"batch-256": 10.2, "filters-x2": 10.2, "layers-x2": 10.2},
        images=SMALL,
    ),
    "partial": Story(
        history="diverging",
        failed={"batch-4": said("la pérdida no es un número")},
        skipped=("filters-x2", "c-sgd", "best"),
        images=SMALL,
    ),
    "alone": Story(
        history="improving",
        train_gap={"baseline": -0.3},
        skipped=("batch-4", "batch-16", "batch-128", "batch-256"),
        images=SMALL,
    ),
}

AT_BEST = "cada uno en su mejor época"


@pytest.fixture(scope="module")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """The report of a story; each is made once."""

    @cache
    def render(name: str) -> Rendered:
        return rendered(STORIES[name], tmp_path_factory.mktemp(name))

    return render


def rendered(story: Story, folder: Path) -> Rendered:
    """Results on disk, the study loaded from them, and the report's answers."""
    study, asked = make_study(folder, story), list[Comparison]()
    compared = over_seeds.compared

    def noted(*wanted: Any) -> tuple[Comparison, ...]:
        found = compared(*wanted)
        asked.extend(found)
        return found

    figures: dict[str, Drawn | MissingVariant] = {
        name: Drawn(Path(f"{name}.svg"), "una figura") for name in FIGURES
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(over_seeds, "compared", noted)
        patch.setattr(tables, "compared", noted)
        document = report_html(study, figures, TEMPLATES, "0" * 64)
        draw_titles(study)
        show_verdicts(study)
    parts = r'<section class="question" id="pregunta-(\d+)">(.*?)</section>'
    found = re.findall(parts, document.html, re.DOTALL)
    answers = {int(number): body for number, body in found}
    return Rendered(document.html, answers, document.claims, tuple(asked))


def draw_titles(study: Study) -> None:
    """The figures whose titles say what comparisons came to."""
    for id in ("fig-resumen", "fig-lotes-diferencias", "fig-redes"):
        with suppress(MissingVariant):
            plt.close(DRAWS[id](study).figure)


def show_verdicts(study: Study) -> None:
    """The tables of the notebook, of all that a question compares."""
    with redirect_stdout(io.StringIO()):
        for _, group, reference in study.compare:
            tables.verdicts(study, study.available(study.group(group)), reference or study.baseline)


def plain(fragment: str) -> str:
    """Text without tags, entities or line breaks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", fragment)).split())


@pytest.mark.parametrize("story", STORIES)
def test_no_two_statements_contradict_each_other(render: Render, story: str) -> None:
    """Whoever says something of the same comparison has the same verdict, interval and p value of it."""
    known: dict[tuple[str, ...], set[tuple[Any, ...]]] = {}
    for each in render(story).asked:
        key = each.variant, each.reference, each.split, each.metric, each.epoch
        said = each.conclusion, each.difference, each.low, each.high, each.p_adjusted
        known.setdefault(key, set()).add(said)
    assert len(known) > 4
    assert {key: said for key, said in known.items() if len(said) > 1} == {}


@pytest.mark.parametrize("story", STORIES)
def test_a_number_is_the_same_wherever_it_is_printed(render: Render, story: str) -> None:
    """Summary, answers and discussion; a section's list of several is no one number."""
    known: dict[tuple[str, str], dict[str, set[str]]] = {}
    for claim in render(story).claims:
        for value in claim.values:
            sections = known.setdefault((" ".join(claim.variants), str(value.metric)), {})
            sections.setdefault(claim.section, set()).add(value.printed.exact)
    shared = {
        key: set().union(*sections.values())
        for key, sections in known.items()
        if len(sections) > 1 and all(len(values) == 1 for values in sections.values())
    }
    assert len(shared) > 5
    assert {key: values for key, values in shared.items() if len(values) > 1} == {}


@pytest.mark.parametrize("story", STORIES)
def test_a_number_has_the_same_decimals_wherever_it_is_printed(render: Render, story: str) -> None:
    """But for a recall, a percentage in a sentence and a fraction in its table, and for a range, rounded."""
    found = re.findall(
        r'data-variant="([^"]*)" data-metric="([^"]*)"[^>]*>(.*?)</data>', render(story).html, re.DOTALL
    )
    known: dict[tuple[str, str], set[int]] = {}
    for variant, metric, printed in found:
        if "recall" not in metric and metric != "best.validation.cross_entropy":
            digits = re.sub(r"[^\d,]", "", plain(printed))
            known.setdefault((variant, metric), set()).add(len(digits.partition(",")[2]))
    assert len(known) > 100
    assert {key: decimals for key, decimals in known.items() if len(decimals) > 1} == {}


@pytest.mark.parametrize("number", range(1, 19))
def test_every_answer_is_there(render: Render, number: int) -> None:
    """Each starts with the question in other words and a direct answer, and misses nothing."""
    report = render("small")
    assert set(report.answers) == set(range(1, 19))
    body = report.answers[number]
    assert re.search(r'<p class="asks">[^<]{20,}</p>', body)
    assert len(report.lead(number)) > 40
    evidence = [body.index(mark) for mark in ("<figure", "<table", "<aside") if mark in body]
    assert body.index('class="answer"') < min(evidence, default=len(body))
    assert "Falta" not in report.text(number)


def test_smaller_batches_win(render: Render) -> None:
    """They lower the loss, larger ones raise it, and the literature agrees."""
    report = render("small")
    lead, text = report.lead(9), report.text(9)
    down = r"baja un [\d,]+ % con lotes de 4 y un [\d,]+ % con 16, y sube un [\d,]+ % con lotes de 128"
    assert re.match(
        f"En estos entrenamientos, al terminar la época 10, la pérdida de validación {down}", lead
    )
    assert "modelo base tienen menos pérdida que él; los mayores tienen más pérdida" in text
    assert f"Coincide: {AT_BEST}, se acierta más con lotes de" in text
    assert "Coincide solo en apariencia" in text  # the training loss rises as well
    assert "Es compatible: sin escalarla" in text
    assert "64 veces menos" in text


def test_smaller_batches_lose(render: Render) -> None:
    """The same words the other way round, and the literature disagrees."""
    report = render("large")
    assert re.search("baja .* con lotes de 128 y .* con 256, y sube .* con lotes de 4", report.lead(9))
    text = report.text(9)
    assert "modelo base tienen más pérdida que él; los mayores tienen menos pérdida" in text
    assert f"No coincide: {AT_BEST}, se acierta menos con lotes de" in text
    assert f"No coincide: {AT_BEST}, con lotes de 256 se acierta más en validación" in text
    assert "No se ve la necesidad" in text


def test_batches_tie(render: Render) -> None:
    """No difference is claimed, and where the best epoch is the last there is one comparison."""
    report = render("tie")
    assert "no se demuestra que la pérdida de validación cambie con lotes de 4, 16," in report.lead(9)
    assert "En todos, la mejor época es la última." in report.lead(9)
    text = report.text(9)
    assert "no se distinguen de él en pérdida" in text
    assert "Ni coincide ni lo contradice" in text
    assert "No se ve aquí" in text
    assert "Ningún modelo había empezado a sobreajustar" in text


def test_the_batch_in_the_middle_wins(render: Render) -> None:
    """Where every other batch is worse, no sentence says that one falls."""
    report = render("middle")
    assert re.search(r"la pérdida de validación sube un [\d,]+ % con lotes de 4, ", report.lead(9))
    assert "tienen más pérdida que él; los mayores tienen más pérdida que él" in report.text(9)


def test_the_ranking_of_the_last_epoch_may_be_another_at_the_best(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """As it was measured: large batches win in the end, and at their best epochs all but one are alike."""
    skills = {"batch-4": 1.7, "batch-16": 2.55, "baseline": 2.5, "batch-128": 2.52, "batch-256": 2.52}
    larger = {"filters-x2": 3.5, "layers-x2": 3.5}
    minima = {"batch-4": 3, "batch-16": 3, "baseline": 5, "batch-128": 5, "batch-256": 8}
    story = Story("smaller-loses", filters="worse", best_skills=skills | larger, best_epochs=minima)
    report = rendered(replace(story, images=SMALL), tmp_path_factory.mktemp("turned"))
    together = r"todos, salvo el de 4, quedan entre \d,\d\d y \d,\d\d\."
    assert re.search(f"En su mejor época se acercan: {together}", report.lead(9))
    text = report.text(9)
    assert "toca fondo ya en la época 3; con lotes de 256, en la 8" in text
    at_best = r"Cada uno en su mejor época, la pérdida de validación sube un [\d,]+ % con lotes de 4"
    assert re.search(at_best, text)
    assert "acierta menos" in report.lead(10)
    assert "gana en las dos medidas" in report.lead(10)
    assert "no se contradicen" in report.text(10)


def test_an_earlier_result_without_its_best_epoch_is_said_without_it(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    report = rendered(Story(best_skills=None, images=SMALL), tmp_path_factory.mktemp("unknown"))
    for number in (7, 9, 10, 11):
        assert "su mejor época" not in report.text(number)
        assert len(report.lead(number)) > 40


def test_time_follows_the_seconds(render: Render) -> None:
    """Small batches are slow only if they were."""
    slow, even = render("small").text(9), render("tie").text(9)
    assert "Con lotes de 4, una época dura más" in slow
    assert "cada una tiene un coste fijo" in slow
    assert "Con lotes de 4, una época dura casi lo mismo" in even
    assert "El tiempo apenas depende del lote" in even


@pytest.mark.parametrize(
    ("story", "conclusion", "advice"),
    [
        ("small", "Hay sobreajuste", "Parar ahí habría dado menos pérdida de validación"),
        ("large", "sobreajuste incipiente", "la subida puede ser ruido"),
        ("middle", "la red todavía mejoraba", "Unas épocas más"),
        ("tie", "No hay pruebas de sobreajuste", "no se demuestra una brecha"),
        ("partial", "inestable más que sobreajustado", "Otra tasa de aprendizaje"),
        ("alone", "la pérdida de entrenamiento queda por encima", "es menor que la de entrenamiento"),
    ],
)
def test_conclusion_from_the_losses(render: Render, story: str, conclusion: str, advice: str) -> None:
    """Question 7 follows the gap, its interval and the turning point; question 5 says where it is."""
    report = render(story)
    assert conclusion in report.lead(7)
    assert advice in report.text(7)
    turned = STORIES[story].history in ("overfitting", "stalled", "diverging")
    assert ("y después sube hasta" in report.lead(5)) == turned
    assert ("al terminar seguía sin repuntar" in report.lead(5)) != turned


@pytest.mark.parametrize(
    ("story", "words"),
    [
        ("small", "El intervalo contiene el cero"),
        ("large", "la validación es algo optimista"),
        ("tie", "la validación es algo pesimista"),
    ],
)
def test_validation_against_test(render: Render, story: str, words: str) -> None:
    """What is said of the two sets follows the interval of their difference."""
    assert words in render(story).text(7)


@pytest.mark.parametrize(
    ("story", "number", "accuracy", "loss", "reading"),
    [
        ("small", 10, "acierta más: ", "también mejora", "está, pues, en las dos épocas"),
        ("large", 10, "acierta menos: ", "también empeora", "es más difícil de entrenar"),
        ("tie", 10, "no acierta más ni menos", "no se demuestra diferencia", "no compensa"),
        ("large", 11, "acierta más: ", "también mejora", "está, pues, en las dos épocas"),
        ("tie", 11, "acierta menos: ", "también empeora", "es más difícil de entrenar"),
        ("small", 11, "no acierta más ni menos", "no se demuestra diferencia", "no compensa"),
    ],
)
def test_larger_networks(
    render: Render, story: str, number: int, accuracy: str, loss: str, reading: str
) -> None:
    """Performance, time and whether it pays follow from the comparison."""
    report = render(story)
    assert accuracy in report.lead(number)
    assert loss in report.lead(number)
    assert reading in report.text(number)
    lost = "Se pierde exactitud y además se paga más tiempo"
    assert (lost in report.text(number)) == ("menos: " in accuracy)


def test_a_larger_network_that_is_as_fast(render: Render) -> None:
    """Losing accuracy is no bargain at the same time, and time is said to grow only if it did."""
    report = render("middle")
    assert "Se pierde exactitud, así que aquí no compensa." in report.text(10)
    assert "el cambio es casi indiferente" in report.text(11)
    assert "Las operaciones crecen y el tiempo no" in report.text(10)
    assert "Como en la Pregunta 10, las operaciones crecen y el tiempo no." in report.text(11)
    for number in (10, 11):
        assert not re.search(r"El tiempo crece|, el tiempo crece", report.text(number))


def test_the_gap_has_its_interval(render: Render) -> None:
    """Question 7: validation and test against training, against each other; the rise since then."""
    assert len(re.findall(r"IC 95 % de [+−][\d,]+ a [+−][\d,]+", render("small").text(7))) == 4


def test_a_saved_model_that_is_not_the_evaluated_one(render: Render) -> None:
    """The made-up notebook recomputed another accuracy: the answer says so."""
    assert "que no coincide con lo medido al entrenar" in render("small").text(13)


@pytest.mark.parametrize(
    ("story", "words"),
    [
        ("small", "supera al modelo base"),
        ("large", "queda por debajo del modelo base"),
        ("tie", "no se distingue de forma demostrable"),
    ],
)
def test_best_model_against_the_baseline(render: Render, story: str, words: str) -> None:
    """The new model is called better only if it is."""
    report = render(story)
    assert words in report.lead(12)
    assert "Límites conocidos" in report.text(12)


def test_choices_and_candidates(render: Render) -> None:
    """Winner, tied and worse candidates are said with their labels."""
    text = render("small").text(12)
    assert "Mejora la exactitud de validación en estos entrenamientos: SGD con momento." in text
    assert "La empeora: sin normalización por lotes." in text
    assert "Red compacta con Adam" in text and "Los demás no se distinguen" in text
    assert "SGD con momento de Nesterov" in render("small").text(4)
    assert "que suele ayudar más en entrenamientos largos" in text  # why it is preferred among equals


def test_partial_answers(render: Render) -> None:
    """What is missing is named with its reason, and the rest is said."""
    report = render("partial")
    assert "Falta «lotes de 4»: falló: la pérdida no es un número." in report.text(9)
    assert re.search(r"baja un [\d,]+ % con lotes de 16", report.lead(9))
    assert "Falta «doble de filtros»" in report.text(10)
    assert "incompleta" in report.lead(12)
    assert re.search(r"Faltan \([^)]+\): mejor modelo; SGD con momento\.", report.text(12))
    assert "Falta «mejor modelo»" in report.text(13)


def test_times_of_unlike_environments_are_not_compared(tmp_path: Path) -> None:
    """The last training of a run may have had all cores; without the timing pass, its time says nothing."""
    others = dict.fromkeys(("batch-4", "filters-x2", "best"), 2)
    report = rendered(Story(images=SMALL, skipped=("timing",), threads=others), tmp_path)
    for number in (9, 10, 12):
        assert "Sus tiempos no se pueden comparar: no se entrenaron en el mismo entorno" in report.text(
            number
        )
    assert "Una época con lotes de 4" not in report.text(
        9
    ) and "Con lotes de 4, una época" not in report.text(9)
    assert "Una época con lotes de 256 dura" in report.text(9)  # as the baseline's, with one thread
    for number in (10, 12):
        assert "Una época dura" not in report.text(number) and "época en torno" not in report.text(number)
    assert "Una época dura" in report.text(11)


def test_years_in_answers_are_those_of_the_references() -> None:
    listed = (TEMPLATES / "parts" / "references.html").read_text("utf-8")
    years = {number: year for year, number in re.findall(r"(\d{4})\. arXiv:(\d{4}\.\d{5})", listed)}
    texts = [path.read_text("utf-8") for path in sorted((TEMPLATES / "answers").glob("*.html"))]
    said = re.findall(r"\((\d{4}), arXiv:(\d{4}\.\d{5})\)", "\n".join(texts))
    assert len(said) >= 3 and all(years[number] == year for year, number in said)


def test_all_batches_missing(render: Render) -> None:
    """Nothing to compare with is said, not computed."""
    assert "Todavía no se puede responder" in render("alone").lead(9)


def test_classes_are_named(render: Render) -> None:
    """Question 14 names every class and its largest confusions."""
    text = render("small").text(14)
    assert all(name in text for name in CLASSES)
    assert "Las mayores confusiones son" in text
