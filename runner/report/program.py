"""The program itself as a wheel, which goes into the report: who has only that can run the notebook.

It is made without a build: the package is Python alone, and what comes with it has its place in it. It is
kept in the build folder, as the list of installed packages is.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from packaging.requirements import Requirement

from runner import __version__, shipped
from runner.build_folder import PROGRAM_FILE
from runner.code_closure import package_files
from runner.files import write_bytes
from runner.gate import kind, read_bytes

SHIPPED = (
    "templates", "notebooks", "docs/recipe", "docs/example", "docs/regression", "docs/starter",
)  # fmt: skip
CONSTRAINTS = "constraints.txt"
INFO = f"practica_runner-{__version__}.dist-info"
PYTHON = ">=3.11,<3.14"
DAY = (1980, 1, 1, 0, 0, 0)  # the same content gives the same bytes
ENTRY_POINTS = """[jupyter_client.kernel_provisioners]
forked-provisioner = runner.processes.forked_kernel:ForkedProvisioner
"""
FORM = "Wheel-Version: 1.0\nGenerator: practica-runner\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def keep_program(build_dir: Path) -> None:
    """Have the wheel in the build folder, whole; one that is there with the same content stays."""
    target, content = build_dir / PROGRAM_FILE, wheel()
    if kind(target, build_dir) != "file" or read_bytes(target, build_dir) != content:
        write_bytes(target, content, build_dir)


def wheel() -> bytes:
    """The package itself, with templates and notebooks, as pip installs it; not packed, as the report is."""
    files = {name: path.read_bytes() for name, path in _files()}
    files |= {
        f"{INFO}/METADATA": _metadata().encode(),
        f"{INFO}/WHEEL": FORM.encode(),
        f"{INFO}/entry_points.txt": ENTRY_POINTS.encode(),
    }
    record = f"{INFO}/RECORD"
    lines = [f"{name},sha256={_hash(content)},{len(content)}\n" for name, content in sorted(files.items())]
    files[record] = "".join([*lines, f"{record},,\n"]).encode()
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_STORED) as archive:
        for name, content in files.items():
            entry = ZipInfo(name, DAY)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def _files() -> Iterator[tuple[str, Path]]:
    """Place in the wheel and path of each file, but for what editors and Python leave beside them."""
    yield from package_files()
    yield f"runner/{CONSTRAINTS}", shipped(CONSTRAINTS)
    for folder in SHIPPED:
        root = shipped(folder)
        for path in sorted(root.rglob("*")):
            parts = path.relative_to(root).parts
            if path.is_file() and not any(p.startswith(".") or p == "__pycache__" for p in parts):
                yield f"runner/{folder}/{'/'.join(parts)}", path


def _metadata() -> str:
    """What pip needs: the libraries, without those for tests and clusters."""
    try:
        needed = requires("practica-runner") or []
    except PackageNotFoundError:  # run from a folder, without having been installed
        needed = []
    here = [each for each in map(Requirement, needed) if "extra" not in str(each.marker)]
    lines = ["Metadata-Version: 2.1", "Name: practica-runner", f"Version: {__version__}"]
    lines += [f"Requires-Python: {PYTHON}", *sorted(f"Requires-Dist: {each}" for each in here)]
    return "\n".join(lines) + "\n"


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
