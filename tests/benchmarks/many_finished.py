"""A build folder with thousands of finished variants, made up but valid, and what the commands make of it.

    python -m tests.benchmarks.many_finished FOLDER COUNT    makes it: FOLDER/experiments.toml, FOLDER/build

The practice's own variants are in it, and ``COUNT`` more in a group of their own. Predictions are of few
images, so that the folder stays small; the records are whole.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from runner.build_folder import RESULT_FILE, VALUES_FILE
from runner.execute.keys import digest
from runner.execute.state import Workspace
from runner.files import write_json
from runner.plan.variants import DEFAULT_PLAN, Plan, Variant, make_plan
from runner.results.finished import read_result
from runner.results.seal import seal
from tests.made_up import Story, timing_pass, write_notebook, write_training

IMAGES = (60, 40)  # validation, test
PROFILE = "full"
ENTRY = """
[variants.g-{n:05}]
label = "rejilla {n}"
group = "grid"
questions = [12]
extends = "baseline"
parameters = {{ learning_rate = {rate:.7f}, batch_size = {batch} }}
"""


def make(folder: Path, count: int) -> tuple[Path, Path]:
    """Write plan and build folder, unless they are there; their paths."""
    plan_path, build_dir = folder / "plan" / "experiments.toml", folder / "build"
    done = folder / f"{count}.made"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        write_plan(plan_path, count)
        fill(make_plan(plan_path, PROFILE), build_dir)
        done.touch()
    return plan_path, build_dir


def write_plan(path: Path, count: int) -> None:
    """The practice's experiments file with ``count`` variants more."""
    shutil.copytree(DEFAULT_PLAN.parent, path.parent)
    text = path.read_text(encoding="utf-8")
    before, mark, after = text.partition(
        "# ---------------------------------------------------------------- notebooks"
    )
    path.write_text(before + "".join(grid(count)) + mark + after, encoding="utf-8")


def grid(count: int) -> Iterator[str]:
    """Entries that differ in rate and batch."""
    for n in range(count):
        yield ENTRY.format(n=n, rate=0.0001 * (1 + n % 2000), batch=4 * (1 + n // 2000 % 64))


def fill(plan: Plan, build_dir: Path) -> None:
    """A result with its key, a seal and an executed notebook for each variant; what others need first."""
    workspace, story = Workspace(plan, build_dir), Story(images=IMAGES)
    (build_dir / "notebooks").mkdir(parents=True)
    first = [v for v in plan.variants if v.kind == "training" and not v.choose]
    chosen = [v for v in plan.variants if v.choose]
    notebooks = [v for v in plan.variants if v.kind == "notebook"]
    for variant in (*first, *chosen, *sorted(notebooks, key=lambda v: len(v.after))):
        write_variant(workspace, variant, story)


def write_variant(workspace: Workspace, variant: Variant, story: Story) -> None:
    """One variant's folder and notebook."""
    folder = workspace.build_dir / "results" / variant.name
    if variant.kind == "training":
        write_training(folder, workspace.plan, variant, workspace.parameters(variant), story)
    else:
        write_notebook(folder, workspace.plan, variant, story)
        if variant.name == "timing":
            few = tuple(v for v in workspace.plan.variants if v.group != "grid")
            write_json(folder / VALUES_FILE, timing_pass(replace(workspace.plan, variants=few), story))
    parts = workspace.parts(variant)
    result = read_result(folder).result.model_copy(
        update={"key": digest(parts), "key_parts": parts, "parameters": workspace.parameters(variant)}
    )
    write_json(folder / RESULT_FILE, result)
    seal(folder)
    shutil.copy(variant.notebook, workspace.build_dir / "notebooks" / f"{variant.name}.ipynb")
    workspace.finished[variant.name] = read_result(folder)


def main() -> None:
    """Make the folder, and say where."""
    plan_path, build_dir = make(Path(sys.argv[1]).resolve(), int(sys.argv[2]))
    print(f"--plan {plan_path} --build-dir {build_dir}")


if __name__ == "__main__":
    main()
