"""The kernel that notebooks run in: an ipykernel that no configuration and no start-up file reaches.

``python -m runner.processes.own_kernel -f CONNECTION`` is one; forked kernels call ``start`` instead.
Which kernels are installed, and what the user's own is called, makes no difference.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager

from runner.processes import isolation

MODULE = "runner.processes.own_kernel"


class OwnSpecs(KernelSpecManager):  # type: ignore[misc]  # jupyter_client is not typed strictly
    """Knows one kernel, whatever it is asked for."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """How that kernel is started."""
        argv = [sys.executable, "-m", MODULE, "-f", "{connection_file}"]
        return KernelSpec(argv=argv, display_name="Python 3 (ipykernel)", language="python")


def start(arguments: Sequence[str], **options: Any) -> None:
    """Be a kernel until told to end. What a notebook leaves in its folder, it can import."""
    from ipykernel.kernelapp import IPKernelApp

    leave_debugger_out()

    class OwnKernel(IPKernelApp):
        """Reads nothing of this account, nor of this machine, before the first cell."""

        def load_config_file(self, suppress_errors: bool | None = None) -> None:
            """None: what is configured for interactive work is not for results."""

        def _run_startup_files(self) -> None:
            """None."""

    isolation.look_away()
    find_modules_in(Path.cwd())
    os.environ.pop("PYTHONSAFEPATH", None)  # the programs that a notebook starts begin as anywhere
    OwnKernel.launch_instance(argv=list(arguments), **options)


def leave_debugger_out() -> None:
    """Spare each kernel the import of a debugger, which nobody uses here.

    A notebook may still import it itself.
    """
    if "debugpy" not in sys.modules:
        sys.modules["debugpy"] = None  # type: ignore[assignment]  # importlib's word for: not to be had
        try:
            import ipykernel.debugger  # noqa: F401  # it looks whether there is one
        finally:
            del sys.modules["debugpy"]


def find_modules_in(folder: Path) -> None:
    """Find a notebook's own modules first, as Jupyter does; last, if one of them would replace a library."""
    sys.path.insert(len(sys.path) if isolation.shadows(folder) else 0, str(folder))


if __name__ == "__main__":
    start(sys.argv[1:])
