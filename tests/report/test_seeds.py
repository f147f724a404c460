"""What the report says with one seed, with several, and after a search: it follows from the results."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from runner.figures.drawn import Drawn
from runner.figures.own import own_draws
from runner.plan.records import Pair, Seeds, SeedSearch
from runner.plan.variants import TEMPLATES
from runner.practice.figures.bands import histories
from runner.practice.figures.curves import curves
from runner.report.html import Document, report_html
from runner.results.study import MissingVariant, Study
from tests.made_up import Story, make_study
from tests.made_up_records import DETERMINISM

DRAWS = own_draws(TEMPLATES) or {}
SMALL = (700, 600)
SEARCH = SeedSearch(
    budget_seconds=5400.0,
    pairs=(
        Pair(question=11, variant="layers-x2", reference="batch-256"),
        Pair(question=12, variant="c-focal", reference="c-adam"),
    ),
    stopped="budget",
)
AUTO = Seeds(
    auto=True,
    more={"layers-x2": 3, "batch-256": 3, "c-focal": 2, "c-adam": 2},
    search=SEARCH,
)
STORIES = {
    "one": Story(images=SMALL),
    "three": Story(images=SMALL, seeds=Seeds(count=3)),
    "auto": Story(images=SMALL, seeds=AUTO),
    "differs": Story(
        images=SMALL,
        skipped=("layers-x2",),
        determinism=DETERMINISM
        | {
            "identical": False,
            "different": 17,
            "largest_metric": 2e-6,
            "largest_probability": 3e-7,
            "largest_weight": 4e-5,
        },
    ),
    "unmeasured": Story(images=SMALL, skipped=("determinism", "layers-x2")),
}
Make = Callable[[str], Study]
Tell = Callable[[str], dict[str, str]]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """The study of a story; each is made once."""

    @cache
    def make(name: str) -> Study:
        return make_study(tmp_path_factory.mktemp(name), STORIES[name])

    return make


@pytest.fixture(scope="module")
def tell(make: Make) -> Tell:
    """The HTML of the sections of a story's report, by id."""

    @cache
    def tell(name: str) -> dict[str, str]:
        return sections(make(name))

    return tell


def document(study: Study) -> Document:
    figures: dict[str, Drawn | MissingVariant] = {
        id: Drawn(Path(f"{id}.svg"), "figura") for id in own_draws(TEMPLATES) or {}
    }
    return report_html(study, figures, TEMPLATES, "0" * 64)


def sections(study: Study) -> dict[str, str]:
    body = document(study).html
    found = re.findall(r'<section class="[\w -]+" id="([\w-]+)">(.*?)</section>', body, re.DOTALL)
    return dict(found)


def plain(fragment: str) -> str:
    text = html.unescape(re.sub(r"<[^>]+>", "", fragment)).replace("\N{NO-BREAK SPACE}", " ")
    return " ".join(text.split())


def spanish(value: float, decimals: int) -> str:
    return f"{value:.{decimals}f}".replace(".", ",")


def test_one_seed_says_what_it_cannot_show(tell: Tell) -> None:
    report = {id: plain(body) for id, body in tell("one").items()}
    assert "Una sola semilla y un solo reparto" in report["pregunta-12"]
    assert (
        "no demuestra que el mismo cambio, con otra semilla, tuviera el mismo efecto" in report["pregunta-12"]
    )
    assert "Cada variante se entrenó con una sola semilla" in report["appendix"]
    assert "para decir algo de las recetas hacen falta al menos 6 semillas" in report["appendix"]
    assert "sobreajuste en este entrenamiento" in report["pregunta-7"]
    assert "En estos entrenamientos, al terminar la época 10, la pérdida" in report["pregunta-9"]
    assert report["pregunta-10"].count("Esta red entrenada con el doble de filtros") == 1
    assert "supera al modelo base en estos entrenamientos" in report["pregunta-12"]
    assert "supera al modelo base en estos entrenamientos" in report["summary"]
    assert "Es una sola semilla y un solo reparto." in report["pregunta-7"]
    everything = " ".join(report.values())
    for words in ("±", "La banda", "repetición", "por semillas", "Semillas añadidas"):
        assert words not in everything.replace("margen de error de la pérdida final (±", "")


def test_tables_give_mean_deviation_and_n(make: Make, tell: Tell) -> None:
    study = make("three")
    runs = [study.get(name) for name in ("batch-16", "batch-16~2", "batch-16~3")]
    losses = np.array([run.training.evaluation.validation.cross_entropy for run in runs])
    table = re.search(r'id="tab-lotes".*?</table>', tell("three")["pregunta-9"], re.DOTALL)
    assert table is not None
    row = plain(table.group(0).split("<tr")[3])
    assert row.startswith(">16") or row.startswith("16")
    assert spanish(losses.mean(), 3) in row
    assert f"± {spanish(losses.std(ddof=1), 3)}" in row
    text = plain(tell("three")["pregunta-9"])
    assert "se da la media y, debajo (±), la desviación típica. Semillas de cada variante: 3." in text
    for section in ("pregunta-10", "pregunta-11", "pregunta-12"):
        assert "± " in plain(tell("three")[section])


def test_verdicts_are_of_the_seeds(make: Make, tell: Tell) -> None:
    assert re.search(r"\(IC 95 % de [^)]*?; p [=<] [\d,]+; 3 semillas\)", plain(tell("three")["pregunta-13"]))
    appendix = plain(tell("three")["appendix"])
    assert "la prueba de permutación de signos y el intervalo" in appendix
    assert "(BCa, 20.000 veces)" in appendix and "Con menos de 6 semillas" in appendix
    few = plain(tell("three")["pregunta-9"])
    assert "Con demasiado pocas semillas para decidir, al terminar la época 10, no se demuestra" in few
    assert "demasiado pocas semillas para decidir (hacen falta 8)" in few  # of four comparisons
    assert "demasiado pocas semillas para decidir (hacen falta 6)" in plain(tell("three")["pregunta-10"])
    tests = {claim.test for claim in document(make("three")).claims}
    assert "permutación de signos por semillas y t por imágenes" in tests
    assert "una sola semilla" not in plain(tell("three")["pregunta-12"]).lower()
    assert "entre semillas, los intervalos son de la t de Student" in plain(tell("three")["pregunta-7"])


def test_means_change_with_the_seeds(make: Make, tell: Tell) -> None:
    """The lead of question 12 gives means where there are several seeds."""
    for story in ("one", "three"):
        study = make(story)
        runs = [study.get(name).training.evaluation.test.accuracy for name in study.runs("best")]
        assert f"el {spanish(100 * float(np.mean(runs)), 1)} % de las imágenes de test" in plain(
            tell(story)["pregunta-12"]
        )


def test_the_band_is_drawn_and_its_caption_says_what_it_is(make: Make, tell: Tell) -> None:
    assert "La banda va del mínimo al máximo de las 3 semillas; la línea es la primera." in plain(
        tell("three")["pregunta-5"]
    )
    assert "la línea es la media" in plain(tell("three")["pregunta-9"])
    for story, bands in (("one", 0), ("three", 2)):
        epochs, *others = histories(make(story), "baseline")
        figure = curves(epochs, "modelo base", others)
        assert [len(axis.collections) for axis in figure.axes] == [bands, bands]
    band = figure.axes[0].collections[1].get_paths()[0].get_extents()
    losses = [e.validation_cross_entropy for run in histories(make("three"), "baseline") for e in run]
    assert (band.y0, band.y1) == pytest.approx((min(losses), max(losses)))


@pytest.mark.parametrize("id", ["fig-curvas", "fig-lotes", "fig-redes", "fig-resumen"])
def test_figures_of_several_seeds_differ_and_are_described(make: Make, id: str) -> None:
    one, three = (DRAWS[id](make(story)) for story in ("one", "three"))
    assert one.alt != three.alt
    assert "3 semillas" in three.alt and "semillas" not in one.alt


def test_a_search_says_what_it_spent(make: Make, tell: Tell) -> None:
    text = plain(tell("auto")["appendix"])
    assert "Semillas añadidas" in text
    study = make("auto")
    extra = [name for name in study.finished if "~" in name]
    assert len(extra) == 6
    seconds = round(sum(study.get(name).result.wall_seconds for name in extra))
    assert f"Fueron {seconds // 60} min {seconds % 60} s de ejecución en 6 entrenamientos" in text
    assert "con un límite de 1 h 30 min" in text
    assert "las semillas de otra comparación no cabían en el límite" in text
    assert "Cada comparación se prueba una sola vez, con todas sus semillas" in text
    table = plain(re.findall(r'id="tab-semillas".*?</table>', tell("auto")["appendix"], re.DOTALL)[0])
    assert "doble de capas convolucionaleslotes de 2563601,0" in table  # n, and seconds of two runs
    assert "Semillas: " in plain(tell("auto")["pregunta-12"])
    few = "Varias semillas tienen lotes de 256, doble de capas convolucionales, red compacta con Adam y"
    assert few in plain(tell("auto")["pregunta-12"])


def test_why_a_search_ended_follows_the_record(make: Make) -> None:
    study = make("auto")
    for stopped, words in [
        ("decided", "no dejaba ninguna abierta"),
        ("most", "con las semillas que necesita cada una"),
        ("interrupted", "Se interrumpió antes de terminar"),
    ]:
        search = SEARCH.model_copy(update={"stopped": stopped})
        changed = replace(study, seeds=AUTO.model_copy(update={"search": search}))
        assert words in plain(sections(changed)["appendix"])


def test_only_what_was_measured_is_said_of_determinism(tell: Tell) -> None:
    same, other, none = (plain(tell(name)["appendix"]) for name in ("one", "differs", "unmeasured"))
    assert "salieron idénticas, bit a bit" in same and "542.000 medidas" in same
    assert "Solo se midió esto" in same
    assert "no salieron idénticos" in other and "idénticas, bit a bit" not in other
    assert "difieren 17" in other
    for value in ("2,0·10−6", "3,0·10−7", "4,0·10−5"):
        assert value in other
    assert "no se midió si la misma semilla da el mismo resultado" in none
    assert "idéntic" not in none
