"""Command lines that make no sense, or point where nothing can be done."""

from __future__ import annotations

from pathlib import Path

from runner import PROJECT_ROOT
from tests.bad import Bad

BUILD = "{folder}/build"


def wrong(name: str, words: str, *says: str, make: str = "") -> Bad:
    """A row; the build folder is within the test's own unless ``words`` name another.

    ``make`` is an empty file, or with a slash at its end an empty folder, to be there before.
    """

    def prepare(folder: Path) -> None:
        if make.endswith("/"):
            (folder / make).mkdir()
        elif make:
            (folder / make).write_text("mine")

    line = words.split()
    if line and line[0] in COMMANDS and "--build-dir" not in line:
        line += ["--build-dir", BUILD]
    return Bad(f"line: {name}", tuple(line), says, prepare)


COMMANDS = {"all", "plan", "run", "report", "verify", "doctor", "clean"}
ROWS = [
    wrong("nothing", "", "Usage", "Commands"),
    wrong("unknown command", "al", "No such command 'al'"),
    wrong("unknown option", "all --colour", "No such option '--colour'"),
    wrong("unknown profile", "all --profile nope", "'nope' is not one of 'full', 'quick', 'smoke'"),
    wrong("no jobs", "all --jobs 0", "--jobs", "0 is not in the range 1<=x<=64"),
    wrong("fewer than no jobs", "all --jobs -1", "--jobs", "-1 is not in the range"),
    wrong("65 jobs", "run baseline --jobs 65", "65 is not in the range"),
    wrong("jobs in words", "all --jobs abc", "--jobs", "'abc' is not a valid integer"),
    wrong("half a job", "all --jobs 1.5", "'1.5' is not a valid integer"),
    wrong("jobs without a number", "all --build-dir {folder}/build --jobs", "'--jobs' requires an argument"),
    wrong("run without names", "run", "Missing argument 'NAME...'"),
    wrong("run nobody", "run nobody", "no variant 'nobody' in the plan; there are: baseline"),
    wrong("run nobody, signed", "run nobody --name Ana", "no variant 'nobody' in the plan"),
    wrong("run upwards", "run ../baseline", "no variant '../baseline' in the plan"),
    wrong("run what needs more", "run best-model", "'best-model' needs best", "run best baseline best-model"),
    wrong("words for report", "report now", "unexpected extra argument (now)"),
    wrong("report of nothing", "report", "{folder}/build: no such folder", "hint: run 'all' first"),
    wrong("verify nothing", "verify", "report.pdf: no such file", "hint: run 'all' first"),
    wrong("verify no PDF", "verify {folder}/a.pdf", "{folder}/a.pdf: not a readable PDF", make="a.pdf"),
    wrong("replay nothing", "verify --replay good:1", "report.pdf: no such file", "hint: run 'all' first"),
    wrong("replay no epoch", "verify --replay good", "--replay: 'good' is not VARIANT:EPOCH"),
    wrong("reproduce nothing", "reproduce {folder}/a.pdf --variant good", "{folder}/a.pdf: no such file"),
    wrong("reproduce no PDF", "reproduce {folder}/a.pdf --variant a", "not a readable PDF", make="a.pdf"),
    wrong("reproduce no variant", "reproduce {folder}/a.pdf", "Missing option '--variant'", make="a.pdf"),
    wrong("verify an empty folder", "verify {folder}/a", "no .pdf file below", "hint: give", make="a/"),
    wrong("no plan", "plan --plan {folder}/none.toml", "{folder}/none.toml: no such file", "hint: give"),
    wrong("plan is a folder", "plan --plan {folder}/a", "'{folder}/a' is a directory", make="a/"),
    wrong("plan is prose", f"all --plan {PROJECT_ROOT}/README.md", "README.md: not valid TOML", "line"),
    wrong("plan in a file", "plan --plan {folder}/a/b.toml", "{folder}/a/b.toml", make="a"),
    wrong("build folder is a file", "all --build-dir {folder}/a", "'{folder}/a' is a file", make="a"),
    wrong("build folder in a file", "all --build-dir {folder}/a/b", "{folder}/a", "hint: a file", make="a"),
    wrong("name too long", f"all --build-dir {{folder}}/{'a' * 300}", "too long", "hint: give a shorter"),
    wrong("over the sources", f"all --build-dir {PROJECT_ROOT}", "'notebooks' holds the experiments file"),
    wrong("clean the sources", f"clean --yes --build-dir {PROJECT_ROOT}", "holds the experiments file"),
    wrong("render into the sources", f"report --build-dir {PROJECT_ROOT}", "hint: give another folder"),
    wrong("bytes of Latin-1", "report --name Nu\udcf1ez", "not printable text", "hint", "UTF-8"),
    wrong(
        "threads of a cluster",
        "all --scheduler tcp://127.0.0.1:1 --threads 2",
        "--threads: nothing takes it on a cluster",
        "hint: each worker's own --nthreads",
    ),
    wrong(
        "seeds of nothing",
        f"plan --seeds 3 --plan {PROJECT_ROOT}/docs/example/experiments.toml",
        "--seeds: nothing takes them, as no variant is trained",
    ),
    wrong("a control character", "report --course a\x01b", "not printable text: 'a\\x01b'"),
    wrong("a name that no font has", "report --name 王小明", "--name: 王 (U+738B), 小 (U+5C0F), 明 (U+660E)"),
    wrong("a course that no font has", "all --course 数学", "--course: 数", "hint: write it in other"),
    wrong("an emoji for a group", "run baseline --group 🙂", "--group: 🙂 (U+1F642)", "an @font-face"),
    wrong("a date from right to left", "all --date \u05e9\u05dc --name Ana", "--date: \u05e9 (U+05E9)"),
    wrong("more than can be listed", "report --name 一二三四五六七八九十", "八 (U+516B) and 2 more"),
]
