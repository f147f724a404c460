"""An account, an environment and a working directory full of settings that would change results or pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from fontTools.ttLib import TTFont

from runner import PROJECT_ROOT
from runner.figures.typefaces import FONTS as FONTS_OF_PROGRAM
from runner.processes import isolation
from tests.program import command_line

MATPLOTLIBRC = """savefig.bbox: tight
text.usetex: True
axes.facecolor: red
font.size: 30
"""
KERAS = {"floatx": "float64", "epsilon": 0.001, "backend": "jax", "image_data_format": "channels_first"}
RAISES = "raise SystemExit('a file of the user was run: ' + __file__)\n"
STARTUP = "import keras\nkeras.config.set_epsilon(0.1)\nprint('started by the user')\n"
CONFIGURATION = "c = get_config()\nc.InteractiveShellApp.exec_lines = ['1/0', 'import os; os._exit(9)']\n"
FONTS = """<fontconfig><match target="pattern"><edit name="family" mode="assign" binding="strong">
<string>DejaVu Sans Mono</string></edit></match></fontconfig>"""
KERNEL = {"argv": ["/bin/false"], "display_name": "the user's", "language": "python"}
TEMPLATE = "the user's template"
PREPROCESSOR = {"preprocessors": {"9": {"type": "no.such", "enabled": True}}}
VARIABLES = {
    "KERAS_BACKEND": "torch",
    "KERAS_MAX_EPOCHS": "1",
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "TF_USE_LEGACY_KERAS": "1",
    "TF_XLA_FLAGS": "--tf_xla_auto_jit=2",
    "XLA_FLAGS": "--xla_no_such_flag=1",
    "ONEDNN_MAX_CPU_ISA": "SSE41",
    "DNNL_MAX_CPU_ISA": "SSE41",
    "OMP_NUM_THREADS": "7",
    "KMP_AFFINITY": "disabled",
    "MKL_CBWR": "COMPATIBLE",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Prescott",
    "NPY_DISABLE_CPU_FEATURES": "AVX2 FMA3",
    "NVIDIA_TF32_OVERRIDE": "0",
    "MPLBACKEND": "no-such-backend",
    "IPYTHON_SUPPRESS_CONFIG_ERRORS": "0",
    "JUPYTER_DEFAULT_PROVISIONER_NAME": "no-such-provisioner",
    "PYTHONOPTIMIZE": "2",
    "PYTHONHASHSEED": "77",
    "PYTHONWARNINGS": "error::DeprecationWarning",
    "PYTHONINSPECT": "1",
    "LC_ALL": "C",
    "LANG": "de_DE.ISO-8859-1",
    "SOURCE_DATE_EPOCH": "1",
    "COLUMNS": "30",
    "FORCE_COLOR": "1",
    "LINES": "5",
    "NO_COLOR": "1",
    "UNICODE_VERSION": "4.1.0",
    "KERAS_MAX_STEPS_PER_EPOCH": "1",
    "TF_SET_ONEDNN_FPMATH_MODE": "BF16",
    "TF_NUM_INTRAOP_THREADS": "3",
    "TF_FUNCTION_JIT_COMPILE_DEFAULT": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":16:8",
    "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
    "SCIPY_ARRAY_API": "1",
    "SKLEARN_ASSUME_FINITE": "1",
    "SM_FORMULA_ENGINE": "no-such-engine",
    "JOBLIB_START_METHOD": "no-such-method",
    "MPL_IGNORE_SYSTEM_FONTS": "1",
    "FREETYPE_PROPERTIES": "truetype:interpreter-version=35",
    "PANGO_LANGUAGE": "ja",
    "HB_SHAPER_LIST": "fallback",
    "G_DEBUG": "fatal-warnings",
    "IPYKERNEL_CELL_NAME": "/cell.py",
    "JUPYTER_PLATFORM_DIRS": "1",
    "JUPYTER_PREFER_ENV_PATH": "0",
    "NBFORMAT_VALIDATOR": "no-such-validator",
    "PYZMQ_BACKEND": "no-such-backend",
    "TQDM_NCOLS": "3",
    "LANGUAGE": "tr",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONNODEBUGRANGES": "1",
    "PYTHONINTMAXSTRDIGITS": "640",
}
SHADOWS = ("random", "keras", "numpy", "json", "matplotlib")
AT_START = ("types", "pathlib", "re")  # what the first lines of the program import
OTHER_LETTERS = FONTS_OF_PROGRAM / "DejaVuSansMono.ttf"


@dataclass(frozen=True)
class Account:
    """A working directory and an environment to run the program in."""

    where: Path
    environment: dict[str, str]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The program to its end, with standard input closed."""
        return self._run(command_line(*words), self.environment)

    def python(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Python to its end, as it is once the program has begun again in this account."""
        begun = {isolation.RESTARTED: "1", "PYTHONPATH": str(PROJECT_ROOT)}
        left = {name: value for name, value in self.environment.items() if not name.startswith("PYTHON")}
        return self._run([sys.executable, *words], left | begun)

    def _run(self, command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.where,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )


def clean(folder: Path) -> Account:
    """An account with nothing in it, but for the program and where the data are kept."""
    home = _folder(folder / "clean")
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    found = {"HOME": str(home), "PYTHONPATH": str(PROJECT_ROOT), "TZ": "UTC"}
    return Account(_folder(home / "work"), kept | found)


def hostile(folder: Path) -> Account:
    """The same account with all of the settings, each of which reaches a result or a page on its own."""
    home = _folder(folder / "hostile")
    where = _folder(home / "work")
    for name in (*SHADOWS, *AT_START):
        _write(where / f"{name}.py", RAISES)
    for place in (where, home / ".config/matplotlib", home / "mpl"):
        _write(place / "matplotlibrc", MATPLOTLIBRC)
    for place in (home / ".keras", home / "keras"):
        _write(place / "keras.json", json.dumps(KERAS))
    for place in (home / ".ipython", home / "ipython"):
        _write(place / "profile_default/startup/00-user.py", STARTUP)
        for name in ("ipython_config.py", "ipython_kernel_config.py"):
            _write(place / "profile_default" / name, CONFIGURATION)
    for place in (home / ".jupyter", home / "jupyter"):
        for name in ("jupyter_config.py", "jupyter_nbconvert_config.py"):
            _write(place / name, RAISES)
    for place in (home / ".local/share/jupyter", home / "jupyter"):
        _write(place / "kernels/python3/kernel.json", json.dumps(KERNEL))
        for name in ("notebook", "lab", "base"):
            _write(place / f"nbconvert/templates/{name}/index.html.j2", TEMPLATE)
            _write(place / f"nbconvert/templates/{name}/base.html.j2", TEMPLATE)
            _write(place / f"nbconvert/templates/{name}/conf.json", json.dumps(PREPROCESSOR))
    _write(home / ".config/fontconfig/fonts.conf", FONTS)
    for family in ("Source Serif Pro", "Source Sans Pro"):
        other_letters(_folder(home / ".local/share/fonts"), family)
    _write(home / "path/random.py", RAISES)
    _write(home / "path/sitecustomize.py", "import os; os.environ['TF_ENABLE_ONEDNN_OPTS'] = '0'\n")
    _write(home / "startup.py", RAISES)
    places = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / ".config",
        "MPLCONFIGDIR": home / "mpl",
        "MATPLOTLIBRC": home / "mpl/matplotlibrc",
        "KERAS_HOME": home / "keras",
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_CONFIG_DIR": home / "jupyter",
        "JUPYTER_CONFIG_PATH": home / "jupyter",
        "JUPYTER_PATH": home / "jupyter",
        "JUPYTER_DATA_DIR": home / "jupyter",
        "FONTCONFIG_FILE": home / ".config/fontconfig/fonts.conf",
        "PYTHONSTARTUP": home / "startup.py",
        "PYTHONUSERBASE": home / "userbase",
        "PYTHONPATH": os.pathsep.join((str(home / "path"), str(PROJECT_ROOT))),
    }
    return Account(
        where, clean(folder).environment | VARIABLES | {name: str(place) for name, place in places.items()}
    )


def other_letters(folder: Path, family: str) -> Path:
    """A font file of another face by the name of one of the report's."""
    target = folder / f"{family.replace(' ', '')}.ttf"
    with TTFont(OTHER_LETTERS) as font:
        for record in font["name"].names:
            if record.nameID in (1, 4, 16):
                record.string = family
            elif record.nameID == 6:
                record.string = family.replace(" ", "")
        font.save(target)
    return target


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _write(path: Path, text: str) -> None:
    _folder(path.parent)
    path.write_text(text, encoding="utf-8")
