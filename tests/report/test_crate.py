"""The crate of a report: as others' programs read it, and the same bytes of the same results."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from runner import __version__
from runner.analysis.loading import load_study
from runner.build_folder import CRATE_FILE, PACKAGES_FILE
from runner.plan.variants import DEFAULT_PLAN, TEMPLATES, make_plan
from runner.report.attachments import MANIFEST, collect
from runner.report.crate import COMPLETED, FAILED, METADATA, PROFILES
from runner.results.finished import read_result
from runner.results.reasons import Reason
from runner.verify.parcel import open_report, unpack
from tests import foreign_readers
from tests.made_up import Story, make_study

pytestmark = pytest.mark.xdist_group("reports")

Entities = dict[str, dict[str, Any]]
PROFILE = "provenance-run-crate"


def entities(metadata: bytes) -> Entities:
    """What a crate describes, by identifier; each once."""
    graph = json.loads(metadata)["@graph"]
    found = {each["@id"]: each for each in graph}
    assert len(found) == len(graph)
    return found


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def archived(build: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(build / CRATE_FILE) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def crate(complete: Path) -> Entities:
    return entities(archived(complete)[METADATA])


def test_the_pdf_and_the_folder_carry_the_same_crate(complete: Path) -> None:
    attached = PdfReader(complete / "report.pdf").attachments
    files = archived(complete)
    assert files[METADATA] == attached[METADATA][0]
    assert {name.replace("/", "--"): content for name, content in files.items()} == {
        name: contents[0] for name, contents in attached.items()
    }


def test_each_variant_has_an_action_with_what_its_record_says(complete: Path, crate: Entities) -> None:
    plan = make_plan(DEFAULT_PLAN, "full")
    for variant in plan.variants:
        action = crate[f"#run-{variant.name}"]
        record = read_result(complete / "results" / variant.name).result
        assert action["startTime"] == record.started.isoformat()
        assert action["endTime"] == record.finished.isoformat()
        assert action["actionStatus"] == COMPLETED
        assert action["instrument"]["@id"] == f"plan/{variant.notebook.name}"
        assert crate[action["agent"]["@id"]]["version"] == __version__
        values = {
            each["name"]: each["value"]
            for each in (crate[one["@id"]] for one in listed(action.get("object", [])))
            if each["@type"] == "PropertyValue"
        }
        assert values.keys() == record.parameters.keys()
        results = [crate[each["@id"]] for each in listed(action["result"])]
        assert f"results/{variant.name}/result.json" in {each["@id"] for each in results}
        if record.training is None:
            continue
        measured = {each["name"]: each["value"] for each in results if each["@type"] == "PropertyValue"}
        assert float(measured["evaluation.test.accuracy"]) == record.training.evaluation.test.accuracy
        data = [crate[each["@id"]] for each in action["object"] if each["@id"].startswith("#data-")]
        assert all(any(sha256 in line for line in data[0]["identifier"])
                   for sha256 in record.training.data.sha256.values())  # fmt: skip


def test_each_file_is_described_by_size_and_hash(complete: Path, crate: Entities) -> None:
    files = archived(complete)
    listed_files = {each["path"]: each for each in json.loads(files[MANIFEST])["files"]}
    described = {name: each for name, each in crate.items() if "File" in listed(each["@type"])}
    assert described.keys() == listed_files.keys() - {METADATA}
    for name, each in described.items():
        assert (each["sha256"], each["contentSize"]) == (
            listed_files[name]["sha256"],
            str(listed_files[name]["bytes"]),
        )


def test_the_validator_finds_nothing_required_amiss(complete: Path, tmp_path: Path) -> None:
    """In the archive of the build folder, and in what the PDF alone gives."""
    assert foreign_readers.faults(complete / CRATE_FILE, PROFILE) == []
    unpack(open_report(complete / "report.pdf"), tmp_path)
    assert foreign_readers.faults(tmp_path, PROFILE) == []
    (tmp_path / "plan" / "experiments.toml").unlink()
    assert any("experiments.toml" in each for each in foreign_readers.faults(tmp_path, PROFILE))


def test_runcrate_reports_every_variant(complete: Path) -> None:
    said = foreign_readers.report(complete / CRATE_FILE)
    for variant in make_plan(DEFAULT_PLAN, "full").variants:
        assert f"action: #run-{variant.name}\n  step: #step-{variant.name}\n" in said
    assert "<- #metric-evaluation.test.accuracy" in said and "started: 2026-01-15" in said


def metadata_of(build: Path) -> bytes | None:
    plan = make_plan(DEFAULT_PLAN, "full")
    files = {each.path: each.content for each in collect(load_study(plan, build), plan, build, TEMPLATES)}
    return files.get(METADATA)


def test_the_same_results_give_the_same_bytes_in_any_folder(tmp_path: Path) -> None:
    story = Story(images=(60, 50), failed={"batch-4": Reason.of("memory", signal="SIGKILL")})
    for name in ("a", "b/c"):
        make_study(tmp_path / name, story)
        (tmp_path / name / PACKAGES_FILE).write_text("numpy==2.4.0\n", encoding="utf-8")
    first = metadata_of(tmp_path / "a")
    assert first is not None and first == metadata_of(tmp_path / "b/c")
    assert str(tmp_path) not in first.decode()
    failed = entities(first)["#run-batch-4-failed"]
    assert failed["actionStatus"] == FAILED and "memory" in failed["error"]
    assert "startTime" not in failed  # nobody recorded it


def test_before_anything_ended_there_is_no_crate(tmp_path: Path) -> None:
    names = tuple(variant.name for variant in make_plan(DEFAULT_PLAN, "full").variants)
    make_study(tmp_path, Story(images=(60, 50), skipped=names))
    assert metadata_of(tmp_path) is None


def test_the_profiles_are_named(crate: Entities) -> None:
    assert {each["@id"] for each in crate["./"]["conformsTo"]} == PROFILES.keys()
