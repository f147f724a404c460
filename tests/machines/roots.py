"""Bare Debians: a root from Debian's own packages, layers on it, and commands that run there.

Everything is mounted in a namespace that ends with the command: nothing of the machine itself is changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import join, quote

USER, HOME = "ana", "/home/ana"
CHECKOUT = f"{HOME}/practica"
BROUGHT = Path("/opt/brought")  # files of this machine that pip needs there
DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
PASSED_ON = re.compile(r"(PIP_\w+|SSL_CERT_\w+|REQUESTS_CA_BUNDLE|(https?|no|all)_proxy)", re.IGNORECASE)
NEEDED = ("mmdebstrap", "unshare", "chroot", "mount", "apt-get", "apt-config", "ip")
PATHS = re.compile(r"(?:file://)?(/[^\s'\",]+)")


@dataclass(frozen=True)
class Done:
    """How a command ended, and all that it said."""

    code: int
    output: str
    seconds: float


@dataclass(frozen=True)
class Circumstances:
    """What is unlike an ordinary machine while a command runs. ``memory`` is a limit, in bytes."""

    user: str = "root"
    environment: Mapping[str, str] = field(default_factory=lambda: {"LANG": "C.UTF-8"})
    read_only_home: bool = False
    network: bool = True
    memory: int | None = None


class NotTried(Exception):
    """The machine that this runs on can't make such a one; the text says why."""


def missing_here() -> list[str]:
    """What this needs of the machine and does not find."""
    lacking = [name for name in NEEDED if shutil.which(name) is None]
    return lacking if os.geteuid() == 0 else [*lacking, "root"]


def make_root(suite: str, folder: Path) -> None:
    """A minimal Debian with sudo and a user, nothing else; its packages come from where this machine's do."""
    proxies = [line for line in _output("apt-config", "dump", "Acquire").splitlines() if "::Proxy" in line]
    options = ['Apt::Get::Assume-Yes "true";', *proxies]
    hooks = [
        f'chroot "$1" useradd --create-home --shell /bin/bash {USER}',
        f'echo "{USER} ALL=(ALL) NOPASSWD: ALL" >"$1/etc/sudoers.d/{USER}"',
    ]
    command = [
        "mmdebstrap", "--quiet", "--mode=root", "--format=directory", "--variant=minbase", "--include=sudo",
        *(f"--aptopt={option}" for option in options),
        *(f"--customize-hook={hook}" for hook in hooks),
        suite, str(folder), *_sources(suite),
    ]  # fmt: skip
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise NotTried(f"mmdebstrap {suite}: {done.stdout.strip()[-300:]}")
    _bring_settings(folder)


def _sources(suite: str) -> list[str]:
    """One line for each archive of Debian that this machine uses itself, for another suite; or none."""
    here = _release()
    asked = (
        "apt-get",
        "indextargets",
        "--format",
        "$(REPO_URI) $(RELEASE) $(COMPONENT)",
        "Created-By: Packages",
    )
    lines = []
    for found in sorted(set(_output(*asked).splitlines())):
        address, release, component = found.split()
        if component == "main" and re.fullmatch(rf"{here}(-updates|-security)?", release):
            lines.append(f"deb {address} {release.replace(here, suite)} {component}")
    return lines


def _release() -> str:
    found = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text("utf-8"), re.MULTILINE)
    return found[1] if found else "unknown"


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _bring_settings(root: Path) -> None:
    """What pip needs to get at packages from here: its settings, and the files that are named in them."""
    listed = _output("python3", "-m", "pip", "config", "list").splitlines()
    settings = [line.partition(".")[2].partition("=") for line in listed if not line.startswith(":env:")]
    lines = [f"{name} = {value.strip(chr(39))}".replace("\\n", "\n    ") for name, _, value in settings]
    (root / "etc" / "pip.conf").write_text(_moved("\n".join(["[global]", *lines, ""])), encoding="utf-8")
    for path in _named_files("\n".join([*lines, *_variables().values()])):
        _copy(path, root / BROUGHT.relative_to("/") / path.relative_to("/"))
    for path in map(Path, ("/etc/hosts", "/etc/resolv.conf")):
        _copy(path, root / path.relative_to("/"))


def _copy(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)


def _named_files(text: str) -> set[Path]:
    return {path for path in map(Path, PATHS.findall(text)) if path.is_file()}


def _moved(text: str) -> str:
    """A text with the files that it names where they were brought to: Debian replaces its own ones."""
    for path in sorted(_named_files(text), key=lambda path: -len(str(path))):
        text = text.replace(str(path), str(BROUGHT / path.relative_to("/")))
    return text


def _variables() -> dict[str, str]:
    """The variables of this machine that a command there needs to reach package indexes."""
    return {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)}


def run(
    command: str, layers: Sequence[Path], upper: Path, log: Path, circumstances: Circumstances | None = None
) -> Done:
    """Run a shell's command line on ``layers``, the topmost first; what it writes goes into ``upper``."""
    wanted = circumstances or Circumstances()
    upper.mkdir(parents=True, exist_ok=True)
    work, place = upper.with_name(f"{upper.name}.work"), upper.with_name(f"{upper.name}.root")
    for folder in (work, place):
        folder.mkdir(exist_ok=True)
    apart = ["unshare", "--mount", "--pid", "--fork", "--kill-child", *([] if wanted.network else ["--net"])]
    script = "\n".join(
        ["set -e", *_mounts(layers, upper, work, place, wanted), _enter(command, place, wanted)]
    )
    group = _memory_group(wanted.memory)
    clock = time.monotonic()
    with log.open("ab") as file:
        start = file.tell()
        joined = [] if group is None else ["sh", "-c", f'echo $$ >{group}/cgroup.procs; exec "$@"', "sh"]
        done = subprocess.run(
            [*joined, *apart, "sh", "-c", script],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    seconds = time.monotonic() - clock
    if group is not None:
        group.rmdir()
    shutil.rmtree(work)
    place.rmdir()
    return Done(done.returncode, log.read_bytes()[start:].decode(errors="replace"), seconds)


def _mounts(layers: Sequence[Path], upper: Path, work: Path, place: Path, wanted: Circumstances) -> list[str]:
    stack = f"lowerdir={':'.join(map(str, layers))},upperdir={upper},workdir={work}"
    lines = [
        f"mount -t overlay overlay -o {quote(stack)} {quote(str(place))}",
        f"cd {quote(str(place))}",
        "mount -t proc proc proc",
        "mount -t tmpfs -o mode=755 tmpfs dev",
        *(f"touch dev/{name}; mount --bind /dev/{name} dev/{name}" for name in DEVICES),
        "mkdir dev/shm dev/pts; mount -t tmpfs -o mode=1777 tmpfs dev/shm",
        "ln -s /proc/self/fd dev/fd",
        "mount --rbind /sys sys",  # where a program looks for its limits
    ]
    if wanted.read_only_home:
        home = _home(wanted.user).lstrip("/")
        lines += [f"mount --bind {home} {home}", f"mount -o remount,bind,ro {home}"]
    if not wanted.network:
        lines += ["ip link set lo up"]
    return lines


def _enter(command: str, place: Path, wanted: Circumstances) -> str:
    brought = {name: _moved(value) for name, value in _variables().items()}
    variables = brought | wanted.environment | {
        "HOME": _home(wanted.user),
        "USER": wanted.user,
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "DEBIAN_FRONTEND": "noninteractive",
    }  # fmt: skip
    pairs = [f"{name}={value}" for name, value in variables.items()]
    # What is typed in a shell in the checkout, with its environment active once there is one.
    typed = f'cd {CHECKOUT} 2>/dev/null || cd /; PATH="$PWD/.venv/bin:$PATH"; {command}'
    user = [] if wanted.user == "root" else [f"--userspec={wanted.user}:{wanted.user}"]
    return "exec " + join(
        ["chroot", *user, str(place), "/usr/bin/env", "-i", *pairs, "/bin/bash", "-c", typed]
    )


def _home(user: str) -> str:
    return "/root" if user == "root" else HOME


def _memory_group(limit: int | None) -> Path | None:
    """A new control group with this limit, within the one that this process is in."""
    if limit is None:
        return None
    entries = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text("utf-8").splitlines()]
    mine = {names: path.lstrip("/") for _, names, path in entries}
    old = "memory" in mine
    parent = Path("/sys/fs/cgroup") / ("memory" if old else "") / mine.get("memory", mine.get("", ""))
    group = parent / f"bare-machine-{os.getpid()}"
    try:
        group.mkdir()
        (group / ("memory.limit_in_bytes" if old else "memory.max")).write_text(str(limit), encoding="utf-8")
    except OSError as error:
        with_why = f"no control group with a memory limit can be made here: {error}"
        raise NotTried(with_why) from error
    return group
