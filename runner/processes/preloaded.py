"""What every kernel imports, imported once: the fork server begins with it. Nothing else is run here."""

from __future__ import annotations

import ipykernel.kernelapp
import matplotlib.backends.backend_agg
import matplotlib.pyplot
import PIL.PngImagePlugin
import pygments.formatters.html
import pygments.formatters.latex
import pygments.lexers.python

import runner.processes.forked_kernel
from runner.processes.own_kernel import leave_debugger_out

leave_debugger_out()

__all__ = ["PIL", "ipykernel", "matplotlib", "pygments", "runner"]
