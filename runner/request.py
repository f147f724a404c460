"""What a command was asked for, now and by earlier commands, and the plan that comes of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from runner import LOCALES, i18n
from runner.awaited import AWAITED_FILE
from runner.errors import InputError
from runner.holding import STAMP
from runner.lock import PACKAGES_FILE
from runner.plan import DEFAULT_PLAN, Plan, make_plan, with_author
from runner.results import write_json
from runner.seeds import wanted_seeds, with_seeds
from runner.study import Author, Seeds

MADE = (
    "report.pdf", "report.json", "practica5.ipynb", "practica5.html", "entrega.eml", "run.json",
    PACKAGES_FILE, AWAITED_FILE, "calibration.json", "kernels.log",
    "results", "notebooks", "figures", "work", "checkpoints", STAMP,
)  # fmt: skip
RUN_FILE = "run.json"


@dataclass(frozen=True)
class Request:
    """What the user asked for. ``profile`` None: that of the build folder, else full."""

    build_dir: Path = Path("build")
    plan_path: Path = DEFAULT_PLAN
    profile: str | None = None
    names: tuple[str, ...] = ()
    course: str = ""
    group: str = ""
    date: str = ""
    locale: str | None = None
    source: str | None = None
    jobs: int | None = None
    threads: int | None = None
    budget: str | None = None
    force: bool = False
    seeds: str | None = None
    wait: bool = False
    scheduler: str | None = None
    templates: Path | None = None  # in the place of those that the experiments file names


def say(text: str) -> None:
    """News for the user, on standard error."""
    print(text, file=sys.stderr, flush=True)


def load_plan(request: Request) -> Plan:
    """The plan of the request; raises InputError for a bad experiments file.

    Profile, author, locale and seeds not given are those of the last run in the build folder. The locale is
    set for the process, so that all that is rendered after is in it.
    """
    refuse_sources(request)
    noted = read_note(request.build_dir)
    locale = i18n.checked(request.locale or str(noted.get("locale", LOCALES[0])))
    profile = request.profile or str(noted.get("profile", "full"))
    plan = make_plan(request.plan_path.resolve(), profile, request.templates)
    i18n.use(locale, plan.templates / "locale")
    given = {
        "names": request.names,
        "course": request.course,
        "group": request.group,
        "date": request.date,
    }
    plan = with_author(plan, **(_noted_author(plan, noted) | {k: v for k, v in given.items() if v}))
    return with_seeds(plan, wanted_seeds(request.seeds, plan.seeds.written, noted.get("seeds")))


def _noted_author(plan: Plan, noted: Mapping[str, Any]) -> dict[str, Any]:
    """What flags of an earlier command told of the author, unless the experiments file changed since."""
    written, then = _as_json(plan.written_author), noted.get("written_author") or {}
    author = noted.get("author") or {}
    kept = {key: value for key, value in author.items() if key in written and then.get(key) == written[key]}
    return {key: tuple(value) if key == "names" else value for key, value in kept.items()}


def _as_json(author: Author | None) -> dict[str, Any]:
    """The author's fields as they come back from a file."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(author))) if author else {}
    return found


def refuse_sources(request: Request) -> None:
    """Raise InputError if what the runner makes would take the place of what it is made from."""
    for name in MADE:
        made = (request.build_dir / name).resolve()
        if any(path.resolve().is_relative_to(made) for path in (request.plan_path, DEFAULT_PLAN)):
            hint = f"give another folder, such as {request.build_dir / 'build'}"
            what = f"its folder '{name}' holds the experiments file, not results"
            raise InputError(what, where=str(request.build_dir), hint=hint)


def read_note(build_dir: Path) -> dict[str, Any]:
    """What the last run in the build folder was told; empty if there was none."""
    try:
        noted = json.loads((build_dir / RUN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def remember(plan: Plan, build_dir: Path) -> None:
    """Keep profile, author, locale and seeds for the commands to come; unchanged, the file stays as it is."""
    note: dict[str, Any] = {"profile": plan.profile, "author": _as_json(plan.author)}
    note["written_author"] = _as_json(plan.written_author)
    if plan.seeds != Seeds():
        note["seeds"] = plan.seeds.model_dump(mode="json")
    if i18n.current() != LOCALES[0]:
        note["locale"] = i18n.current()
    if note != read_note(build_dir):
        write_json(build_dir / RUN_FILE, note)
