"""The machines that are tried: what they have, what is odd, what is typed, and how it must end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from tests.machines import readme
from tests.machines.roots import USER, Circumstances

SYSTEMS = {"Debian 12": "bookworm", "Debian 13": "trixie"}
GIB = 2**30
PANGO = ("libpango-1.0-0", "libpangoft2-1.0-0")
SHARED = "Python-no-Pango"  # the folder of the machine whose environment the others have
SMOKE = " --profile smoke"  # the whole way in minutes: all that is added to README's first command
VERIFY = "python -m runner verify"
Installed = Literal["nothing", "python", "line", "more"]


@dataclass(frozen=True)
class Step:
    """A command typed there, and how it has to end.

    ``says``: texts that it must print; ``once``: texts that it must not print twice. ``refused``: nothing
    may have been trained.
    """

    command: str
    code: int = 0
    says: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
    refused: bool = False
    offline: bool = False


@dataclass(frozen=True)
class Machine:
    """A bare machine: what was installed on it, what is odd about it, and what is typed."""

    name: str
    expected: str
    installed: Installed
    steps: tuple[Step, ...]
    circumstances: Circumstances = field(default_factory=Circumstances)

    @property
    def folder(self) -> str:
        """Its name as a file's."""
        return re.sub(r"\W+", "-", self.name)

    @property
    def shares(self) -> bool:
        """Whether the environment that another machine's command made is there already."""
        return self.installed in ("line", "more")


def installing(what: Installed) -> str:
    """The command that makes a machine with nothing into such a one; README's, a part of it, or more."""
    line = readme.install_line()
    commands = {
        "nothing": "",
        "python": readme.without(line, *PANGO),
        "line": line,
        "more": f"{line} {readme.faster_package()}",
    }
    return commands[what]


def machines() -> tuple[Machine, ...]:
    """All of them, those first that others are built upon."""
    first = readme.first_command()
    works = Step(first + SMOKE, says=("wrote ", "report.pdf"))
    verified = Step(VERIFY, says=("verified",))
    whole = (works, verified)
    return (
        Machine(
            "nothing installed",
            "the shell says that there is no python3",
            "nothing",
            (Step(first, code=127, says=("python3: command not found",), refused=True),),
        ),
        Machine(
            "Python, no Pango",
            "refused before training, with the command",
            "python",
            (Step(first, code=1, says=("apt-get install", "libpango"), refused=True),),
            Circumstances(user=USER),
        ),
        Machine(
            "README's line",
            "a verified report, the notice once",
            "line",
            (Step(works.command, says=(*works.says, "HarfBuzz-Subset"), once=("harfbuzz",)), verified),
        ),
        Machine(
            "README's line and harfbuzz-subset",
            "verified reports, of the practice and of the example",
            "more",
            (*whole, *(Step(command) for command in readme.example_commands())),
        ),
        Machine(
            "no npm, no network",
            "doctor tells of npm; refused before training, with --data",
            "more",
            (
                Step("python -m runner doctor", says=("npm is not installed",), offline=True),
                Step("python -m runner all", code=2, says=("--data",), refused=True, offline=True),
            ),
        ),
        Machine("not root", "a verified report", "more", whole, Circumstances(user=USER)),
        Machine(
            "no locale",
            "a verified report, with accents on its cover",
            "more",
            (works, Step(readme.report_command()), verified),
            Circumstances(environment={"LC_ALL": "es_MX.UTF-8"}),  # as SSH brings it; it is not generated
        ),
        Machine(
            "read-only HOME", "a verified report", "more", whole, Circumstances(read_only_home=True)
        ),
        Machine(
            "memory limit of 3 GiB", "a verified report", "more", whole, Circumstances(memory=3 * GIB)
        ),
    )  # fmt: skip
