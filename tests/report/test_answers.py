"""The 18 answers: complete, their words follow from the numbers, and no number is typed."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from made_up import CLASSES, Story, make_study

from runner import PROJECT_ROOT
from runner.report_html import report_html
from runner.report_layout import Drawn
from runner.study import MissingVariant

TEMPLATES = PROJECT_ROOT / "templates"
FIGURES = (
    "fig-curvas fig-lotes fig-filtros-x2 fig-capas-x2 fig-candidatos fig-curvas-mejor fig-confusion "
    "fig-filtros-primera fig-filtros-ultima fig-densa fig-imagen fig-mapas-primera fig-mapas-ultima"
).split()
SMALL = (700, 600)  # validation and test images: enough for the tests to see a difference

# Numbers that may be typed: the statement's, the confidence level, margins declared in the answers, and
# what is cited. By question; 0 is for all of them.
CONSTANTS = {
    0: {"95 %"},
    3: {"64", "25 %"},
    8: {"28x28", "32x32", "2x2", "28", "32", "7", "3", "1"},
    9: {
        "4",
        "16",
        "128",
        "256",
        "5 %",
        "1 %",
        "2018",
        "1804.07612",
        "2",
        "32",
        "2017",
        "1609.04836",
        "1706.02677",
    },  # fmt: skip
    10: {"256", "1 %"},
    11: {"256", "1 %"},
    14: {"F1"},
}


@dataclass(frozen=True)
class Rendered:
    """The HTML of each answer by its number."""

    answers: dict[int, str]

    def text(self, number: int) -> str:
        """An answer's words with single spaces."""
        return plain(self.answers[number])

    def lead(self, number: int) -> str:
        """Its first sentence or two, set apart."""
        found = re.search(r'<p class="answer">(.*?)</p>', self.answers[number], re.DOTALL)
        assert found, f"question {number} has no direct answer"
        return plain(found.group(1))


Render = Callable[..., Rendered]


@pytest.fixture(scope="module")
def render(tmp_path_factory: pytest.TempPathFactory) -> Render:
    """The report of a story; each is made once."""
    made: dict[str, Rendered] = {}

    def render(**story: object) -> Rendered:
        key = repr(sorted(story.items()))
        if key not in made:
            told = Story(images=SMALL, **story)  # type: ignore[arg-type]
            made[key] = rendered(told, tmp_path_factory.mktemp("build"))
        return made[key]

    return render


def rendered(story: Story, folder: Path) -> Rendered:
    """Results on disk, the study loaded from them, and the report's answers."""
    study = make_study(folder, story)
    figures: dict[str, Drawn | MissingVariant] = {
        name: Drawn(Path(f"{name}.svg"), "una figura") for name in FIGURES
    }
    document = report_html(study, figures, TEMPLATES)
    found = re.findall(r'<section class="question" id="pregunta-(\d+)">(.*?)</section>', document, re.DOTALL)
    return Rendered({int(number): body for number, body in found})


def plain(fragment: str) -> str:
    """Text without tags, entities or line breaks."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", fragment)).split())


def untraced(fragment: str) -> list[str]:
    """The numbers of an answer that are in no ``<data>`` element, figure number, reference or code."""
    fragment = re.sub(r"<h2>.*?</h2>", "", fragment, flags=re.DOTALL)
    for element in ("data", "code"):
        fragment = re.sub(rf"<{element}\b.*?</{element}>", "", fragment, flags=re.DOTALL)
    fragment = re.sub(r'<a class="ref".*?</a>', "", fragment, flags=re.DOTALL)
    fragment = re.sub(r'<span class="number">.*?</span>', "", fragment, flags=re.DOTALL)
    text = plain(re.sub(r"<[^>]+>", " ", fragment))
    for label in LABELS:
        text = re.sub(re.escape(label), "", text, flags=re.IGNORECASE)
    return re.findall(r"\w*\d[\w.,]*\d\w*(?: %)?|\w*\d\w*(?: %)?", text)


LABELS = ("lotes de 4", "lotes de 16", "lotes de 128", "lotes de 256", "dropout de 0.1", "dropout de 0,1")  # fmt: skip


@pytest.mark.parametrize("number", range(1, 19))
def test_every_answer_is_there(render: Render, number: int) -> None:
    """Each starts with the question in other words and a direct answer, and misses nothing."""
    report = render()
    assert set(report.answers) == set(range(1, 19))
    body = report.answers[number]
    assert re.search(r'<p class="asks">[^<]{20,}</p>', body)
    assert len(report.lead(number)) > 40
    assert body.index('class="answer"') < min(
        (body.index(mark) for mark in ("<figure", "<table", "<aside") if mark in body),
        default=len(body),
    )
    assert "Falta" not in report.text(number)


@pytest.mark.parametrize("number", range(1, 19))
@pytest.mark.parametrize("story", [{}, {"batches": "tie", "skipped": ("batch-4", "c-sgd")}])
def test_no_number_is_typed(render: Render, number: int, story: dict[str, object]) -> None:
    """Every digit is traced, a reference, or a declared constant."""
    allowed = CONSTANTS[0] | CONSTANTS.get(number, set())
    assert set(untraced(render(**story).answers[number])) <= allowed


def test_a_typed_number_is_found() -> None:
    """The check of the test above sees what it should."""
    assert untraced('<p>Acierta el 70,3 % (<data value="1">1</data>)</p>') == ["70,3 %"]


def test_smaller_batches_win(render: Render) -> None:
    """They lower the loss, larger ones raise it, and the literature agrees."""
    report = render(batches="smaller-wins")
    lead, text = report.lead(9), report.text(9)
    assert "disminuye con lotes de 4 y 16 y aumenta con lotes de 128 y 256" in lead
    assert lead.startswith("Depende del lote")
    assert "Ganan los lotes más pequeños y pierden los más grandes." in text
    assert "Coincide: en validación, algún lote de ese rango mejora" in text
    assert "Coincide sólo en apariencia" in text  # the training loss rises as well
    assert "Es compatible: sin escalarla" in text
    assert "64 veces menos" in text


def test_smaller_batches_lose(render: Render) -> None:
    """The same words the other way round, and the literature disagrees."""
    report = render(batches="smaller-loses")
    assert "disminuye con lotes de 128 y 256 y aumenta con lotes de 4 y 16" in report.lead(9)
    text = report.text(9)
    assert "Ganan los lotes más grandes y pierden los más pequeños." in text
    assert "No coincide: en validación, los lotes de ese rango no superan" in text
    assert "No coincide: con lotes de 256 la exactitud de validación mejora" in text
    assert "No se ve la necesidad" in text


def test_batches_tie(render: Render) -> None:
    """No difference is claimed."""
    report = render(batches="tie")
    assert report.lead(9).startswith("No se demuestra que el tamaño de lote cambie la pérdida")
    text = report.text(9)
    assert "Es un empate" in text
    assert "Ni coincide ni lo contradice" in text
    assert "No se ve aquí" in text
    assert "mejor" not in re.sub("mejores|mejor modelo", "", text)


def test_the_batch_in_the_middle_wins(render: Render) -> None:
    """Where every other batch is worse, the answer is no."""
    report = render(batches="middle-wins")
    assert report.lead(9).startswith("No disminuyen")
    assert "alejarse de él en cualquiera de los dos sentidos empeora" in report.text(9)


def test_a_large_batch_that_overfits(render: Render) -> None:
    """Where training fits as well and validation is worse, Keskar's finding is confirmed."""
    text = render(train_gap={"batch-256": 2.0}).text(9)
    assert "Coincide: con lotes de 256 el entrenamiento se ajusta al menos igual" in text
    assert "es sobreajuste, no falta de ajuste" in text


def test_time_follows_the_seconds(render: Render) -> None:
    """Small batches are slow only if they were."""
    slow = render().text(9)
    assert "Con lotes de 4, una época es más larga" in slow
    assert "cada una tiene un coste fijo" in slow
    even = render(seconds={"batch-4": 14.0, "batch-256": 14.2}).text(9)
    assert "Con lotes de 4, una época es casi igual de larga" in even
    assert "El tiempo apenas depende del lote" in even


@pytest.mark.parametrize(
    ("history", "conclusion", "advice"),
    [
        ("overfitting", "Hay sobreajuste", "Parar en esa época habría dado un modelo mejor"),
        ("stalled", "sobreajuste incipiente", "la subida puede ser ruido"),
        ("gap-improving", "la red todavía mejoraba", "Unas épocas más"),
        ("improving", "No hay pruebas de sobreajuste", "no se demuestra una brecha"),
        ("diverging", "inestable más que sobreajustado", "Otra tasa de aprendizaje"),
    ],
)
def test_conclusion_from_the_losses(render: Render, history: str, conclusion: str, advice: str) -> None:
    """Question 7 follows the gap, its interval and the turning point."""
    report = render(history=history)
    assert conclusion in report.lead(7)
    assert advice in report.text(7)
    turned = history in ("overfitting", "stalled", "diverging")
    assert ("y después sube hasta" in report.lead(5)) == turned
    assert ("al terminar seguía sin repuntar" in report.lead(5)) != turned


def test_training_above_validation(render: Render) -> None:
    """A training loss over the validation loss is no overfitting."""
    report = render(train_gap={"baseline": -0.3}, history="improving")
    assert "la pérdida de entrenamiento queda por encima" in report.lead(7)


@pytest.mark.parametrize(
    ("shift", "words"),
    [
        (0.0, "El intervalo contiene el cero"),
        (-0.6, "la validación es algo optimista"),
        (0.6, "la validación es algo pesimista"),
    ],
)
def test_validation_against_test(render: Render, shift: float, words: str) -> None:
    """What is said of the two sets follows the interval of their difference."""
    assert words in render(test_shift=shift).text(7)


@pytest.mark.parametrize("number", [10, 11])
@pytest.mark.parametrize(
    ("effect", "accuracy", "loss", "reading"),
    [
        ("better", "mejora la exactitud", "la pérdida de validación disminuye", "Bajan a la vez"),
        ("worse", "empeora la exactitud", "la pérdida de validación aumenta", "es más difícil"),
        (
            "undecided",
            "no cambia de forma demostrable la exactitud",
            "la pérdida de validación no cambia de forma demostrable",
            "no compensa",
        ),
    ],
)
def test_larger_networks(
    render: Render, number: int, effect: str, accuracy: str, loss: str, reading: str
) -> None:
    """Performance, time and whether it pays follow from the comparison."""
    report = render(filters=effect, layers=effect)
    assert accuracy in report.lead(number)
    assert loss in report.lead(number)
    assert reading in report.text(number)


@pytest.mark.parametrize(
    ("effect", "words"),
    [
        ("better", "supera al modelo base"),
        ("worse", "queda por debajo del modelo base"),
        ("undecided", "no se distingue de forma demostrable"),
    ],
)
def test_best_model_against_the_baseline(render: Render, effect: str, words: str) -> None:
    """The new model is called better only if it is."""
    report = render(best=effect)
    assert words in report.lead(12)
    assert "Límites conocidos" in report.text(12)


def test_choices_and_candidates(render: Render) -> None:
    """Winner, tied and worse candidates are said with their labels."""
    text = render().text(12)
    assert "Mejoran la exactitud de validación: SGD con momento." in text
    assert "La empeoran: sin normalización por lotes." in text
    assert "SGD con momento de Nesterov" in text


def test_partial_answers(render: Render) -> None:
    """What is missing is named with its reason, and the rest is said."""
    report = render(failed={"batch-4": "la pérdida no es un número"}, skipped=("filters-x2", "c-sgd", "best"))
    text = report.text(9)
    assert "Falta «lotes de 4»: falló: la pérdida no es un número." in text
    assert "disminuye con lotes de 16" in report.lead(9)
    assert "Falta «doble de filtros»" in report.text(10)
    assert "incompleta" in report.lead(12)
    assert "Falta «mejor modelo»" in report.text(12)
    assert "Falta «SGD con momento»" in report.text(12)
    assert "Falta «mejor modelo»" in report.text(13)


def test_all_batches_missing(render: Render) -> None:
    """Nothing to compare with is said, not computed."""
    names = ("batch-4", "batch-16", "batch-128", "batch-256")
    assert "Todavía no se puede responder" in render(skipped=names).lead(9)


def test_classes_are_named(render: Render) -> None:
    """Question 14 names every class and its largest confusions."""
    text = render().text(14)
    assert all(name in text for name in CLASSES)
    assert "Las mayores confusiones son" in text
