"""Keeps the user's own settings from what is computed, drawn and printed: the one list of them all.

``begin`` is for the process that a user starts; those below inherit the environment that it leaves. A
process that somebody else started, such as a cluster's worker, gives ``isolated`` to those that it starts.
Settings that say where things are, or which devices may be used, are no concern of results (``PLACES``), nor
are those of the mail account, of npm and of a Dask cluster's connections. ``TZ`` says which day it is. The
mail account's password is for ``deliver`` alone: notebooks, and the programs that are started, see none.
"""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import chdir, suppress
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

from runner import PROJECT_ROOT

# What is left out, and what it would change. A name that ends in "_" stands for all that begin with it.
LEFT_OUT: Mapping[str, Sequence[str]] = {
    "backend, precision, and limits of epochs and steps of Keras": ("KERAS_",),
    "how TensorFlow computes: other operations, precisions, compilers, threads": (
        "TF_", "TF2_", "XLA_", "AUTOGRAPH_", "ONEDNN_", "DNNL_", "ZENDNN_", "ITEX_",
        "OVERRIDE_GLOBAL_THREADPOOL",
    ),
    "how a GPU computes: precisions and algorithms": (
        "NVIDIA_TF32_OVERRIDE", "CUBLAS_", "CUBLASLT_", "CUDNN_", "CUFFT_", "MIOPEN_", "ROCBLAS_", "HIPBLAS_",
        "HIPBLASLT_",
    ),
    "threads and instructions of matrix products; one core more is another last digit": (
        "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "VECLIB_", "NUMEXPR_",
        "LOKY_", "JOBLIB_",
    ),
    "how NumPy, SciPy, scikit-learn, statsmodels and the C library compute": (
        "NPY_", "NUMPY_", "SCIPY_", "SKLEARN_", "SM_FORMULA_ENGINE", "GLIBC_TUNABLES",
    ),
    "looks of figures": ("MPLBACKEND", "MPLCONFIGDIR", "MPL_", "MATPLOTLIBRC", "SOURCE_DATE_EPOCH"),
    "shapes and choice of letters, and faults that end the process": (
        "FONTCONFIG_", "FC_", "FREETYPE_PROPERTIES", "PANGO_", "PANGOCAIRO_", "HB_", "FONTTOOLS_", "G_DEBUG",
        "G_MESSAGES_DEBUG",
    ),
    "start-up files, configuration and templates of kernels and notebooks": (
        "IPYTHONDIR", "IPYTHON_", "IPYKERNEL_", "JUPYTER_", "JPY_", "TRAITLETS_", "NBCONVERT_", "NBFORMAT_",
        "PYZMQ_BACKEND", "TQDM_",
    ),
    "start-up files of the shell that a notebook's lines with ! run in": ("BASH_ENV",),
    "formats and languages of the C library, and the encoding of files": ("LANG", "LANGUAGE", "LC_"),
    "Python itself: assertions, warnings as errors, start-up files, names of lines in errors": (
        "PYTHONOPTIMIZE", "PYTHONWARNINGS", "PYTHONWARNDEFAULTENCODING", "PYTHONDEVMODE", "PYTHONINSPECT",
        "PYTHONSTARTUP", "PYTHONBREAKPOINT", "PYTHONDEBUG", "PYTHONVERBOSE", "PYTHONHASHSEED", "PYTHONUTF8",
        "PYTHONCOERCECLOCALE", "PYTHONLEGACYWINDOWSFSENCODING", "PYTHONCASEOK", "PYTHONMALLOC",
        "PYTHONMALLOCSTATS", "PYTHONTRACEMALLOC", "PYTHONPROFILEIMPORTTIME", "PYTHONASYNCIODEBUG",
        "PYTHONNODEBUGRANGES", "PYTHONINTMAXSTRDIGITS", "PYTHONDUMPREFS",
    ),
}  # fmt: skip
PLACES = {
    "TF_FORCE_GPU_ALLOW_GROWTH", "TF_GPU_ALLOCATOR",  # memory of a GPU
    "KMP_DUPLICATE_LIB_OK",  # lets two copies of one library load, which some installations need
    "JOBLIB_TEMP_FOLDER", "JUPYTER_RUNTIME_DIR",  # folders that can be written
}  # fmt: skip
# What a terminal is like: for the messages of this program, not for what a notebook prints.
TERMINAL = (
    "COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE",
    "TTY_INTERACTIVE", "UNICODE_VERSION", "PYTHON_COLORS",
)  # fmt: skip
FIXED = {
    "KERAS_BACKEND": "tensorflow",
    "MPLBACKEND": "agg",
    "JUPYTER_PREFER_ENV_PATH": "1",
    "LC_ALL": "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8",
    "PYTHONHASHSEED": "0",  # the order of a set is the same in every run
    "PYTHONUTF8": "1",
    "PYTHONSAFEPATH": "1",  # a module in the working directory takes the place of none
}
# What digits depend on of what is in force in a kernel; kept with each result.
DECIDING = ("TF_ENABLE_", "XLA_FLAGS", "CUDA_VISIBLE_", "OMP_NUM_", "KERAS_BACKEND", "PYTHONHASHSEED")
SHELLS = ("/bin/bash", "/bin/sh")  # the first there is; one of the user's may mean something else by a line
# Folders for what libraries read settings from, and keep: by the variable that says where.
FOLDERS = {
    "KERAS_HOME": "keras",
    "MPLCONFIGDIR": "matplotlib",
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "jupyter",
    "JUPYTER_DATA_DIR": "jupyter",
}
KERAS_DEFAULTS = (
    '{"floatx": "float32", "epsilon": 1e-07, "backend": "tensorflow", "image_data_format": "channels_last"}\n'
)
DOWNLOADED = ("datasets", "models")  # what Keras keeps of the user's in its folder
CUDA_FOLDER = "--xla_gpu_cuda_data_dir="
PATH = "PYTHONPATH"
HOOKS = ("sitecustomize", "usercustomize")  # Python runs them when it starts
NOBODYS = ("test", "tests", "conftest", "setup", "docs", "examples")  # in many folders, imported by none
NEEDED = ("tensorflow", "keras", "numpy", "sklearn", "matplotlib", "papermill", "ipykernel", "weasyprint")
PASSWORD = "RUNNER_SMTP_PASSWORD"
DELIVERY = "deliver"  # the command that needs it, and starts nothing
# Of this program, for itself.
RESTARTED, SET_ASIDE, FOLDER = "RUNNER_RESTARTED", "RUNNER_SET_ASIDE", "RUNNER_SETTINGS"
MATPLOTLIBRC = "matplotlibrc"
TEMPORARY = "practica-settings-"  # begins the name of a folder in the place of the user's cache
BAD_INPUT = 2  # the exit code


def begin() -> None:
    """Isolate the process that a user started.

    If Python itself began with what is left out, it begins again without.
    """
    os.environ.pop(FOLDER, None)
    before = dict(os.environ)
    aside = [*before.pop(SET_ASIDE, "").split(), *before]
    if _can_begin_again() and _began_otherwise():
        for entry in _left_out(before):
            print(f"note: {entry}", file=sys.stderr, flush=True)
        own = {RESTARTED: "1", SET_ASIDE: " ".join(filter(is_setting, aside))}
        words = [sys.executable, "-P", "-m", "runner", *sys.argv[1:]]
        encoded = [word.encode("utf-8", "surrogateescape") for word in words]
        os.execve(sys.executable, encoded, _for_python(before) | own | _password())
    password = _password()
    try:
        isolate()
    except OSError as error:
        hint = "let TMPDIR be a folder that can be written to"
        print(f"error: no place for the settings of this program: {error}\n  {hint}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    os.environ.pop(RESTARTED, None)
    os.environ.update(password)
    changed = (name for name in aside if is_setting(name) and os.environ.get(name) != before.get(name))
    os.environ[SET_ASIDE] = " ".join(dict.fromkeys(changed))
    look_away()


def _password() -> dict[str, str]:
    """The password for the one command that needs it, if it is in the environment."""
    return {PASSWORD: os.environ[PASSWORD]} if PASSWORD in os.environ and _delivers() else {}


def _delivers() -> bool:
    return sys.argv[1:2] == [DELIVERY]


def isolate() -> None:
    """Isolate this process, as far as it has not yet read its settings, and all that it starts."""
    found = isolated(os.environ)
    for name in os.environ.keys() - found.keys():
        del os.environ[name]
    os.environ.update(found)


def isolated(environment: Mapping[str, str]) -> dict[str, str]:
    """What of an environment is for processes of this program, and what they have in place of the rest."""
    home = folder()
    _keep_downloads(home / FOLDERS["KERAS_HOME"], environment)
    found = _for_python(environment) | FIXED | {name: str(home / part) for name, part in FOLDERS.items()}
    found[FOLDER] = str(home)
    if shell := next((each for each in SHELLS if Path(each).exists()), ""):
        found["SHELL"] = shell
    kept = [word for word in environment.get("XLA_FLAGS", "").split() if word.startswith(CUDA_FOLDER)]
    return found | ({"XLA_FLAGS": " ".join(kept)} if kept else {})


def is_setting(name: str) -> bool:
    """Whether this variable is one of those that are left out."""
    return name not in PLACES and any(
        name.startswith(each) if each.endswith("_") else name == each
        for names in LEFT_OUT.values()
        for each in names
    )


def deciding(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that decide how libraries compute: the program's own, and the choice of devices."""
    return {name: environment[name] for name in sorted(environment) if name.startswith(DECIDING)}


def set_aside() -> list[str]:
    """The variables that ``begin`` found and does not heed; a language, which all have, is no news."""
    return [n for n in os.environ.get(SET_ASIDE, "").split() if not n.startswith(("LANG", "LC_"))]


def forget_terminal() -> None:
    """For a process that starts kernels: what they print is as wide and as plain everywhere."""
    for name in TERMINAL:
        os.environ.pop(name, None)


def elsewhere() -> chdir[Path]:
    """A block in which the working directory has no settings of any library, for what starts or imports."""
    return chdir(folder())


def look_away() -> None:
    """For every process, before it draws: matplotlib takes the settings in the working directory over all."""
    if Path(MATPLOTLIBRC).exists():
        with elsewhere():
            import matplotlib  # noqa: F401  # it reads them when it is imported


# The folder


@cache
def folder() -> Path:
    """A folder of this program's own settings, in the user's cache or, failing that, a temporary one."""
    if given := os.environ.get(FOLDER):  # of the process that started this one, which removes it if need be
        return Path(given)
    import platformdirs

    with suppress(OSError, RuntimeError):  # a home that is not there, or not to be written to
        return _filled(Path(platformdirs.user_cache_dir("practica-cnn")) / "settings")
    return _filled(_temporary())


def _temporary() -> Path:
    """A folder that goes with this process; where that is killed, the next such process sweeps it."""
    import atexit
    import tempfile

    from runner.processes.sockets import hold, sweep

    sweep(Path(tempfile.gettempdir()), TEMPORARY)
    made = Path(tempfile.mkdtemp(prefix=TEMPORARY))
    atexit.register(_clear, made, hold(made))  # which keeps the lock, too, for as long as this process lives
    return made


def _clear(made: Path, lock: object) -> None:
    import shutil

    shutil.rmtree(made, ignore_errors=True)


def _filled(home: Path) -> Path:
    """The folder with what is read from it; raises OSError if it can't be written to."""
    for part in FOLDERS.values():
        (home / part).mkdir(parents=True, exist_ok=True)
        if not os.access(home / part, os.W_OK):
            raise PermissionError(home / part)
    (home / FOLDERS["IPYTHONDIR"] / "profile_default").mkdir(exist_ok=True)  # two kernels would both make it
    _write(home / FOLDERS["KERAS_HOME"] / "keras.json", KERAS_DEFAULTS)
    (home / FOLDERS["MPLCONFIGDIR"] / MATPLOTLIBRC).unlink(missing_ok=True)
    (home / MATPLOTLIBRC).unlink(missing_ok=True)
    return home


def _write(path: Path, text: str) -> None:
    with suppress(OSError, ValueError):
        if path.read_text(encoding="utf-8") == text:
            return
    from runner.files import write_text  # its libraries take long to import, and this is rarely needed

    write_text(path, text)


def _keep_downloads(own: Path, environment: Mapping[str, str]) -> None:
    """Let Keras find the data sets and models that it has fetched for the user, where there are links."""
    with suppress(OSError, RuntimeError):
        theirs = Path(environment.get("KERAS_HOME") or Path.home() / ".keras")
        for name in DOWNLOADED:
            link, target = own / name, theirs / name
            if theirs == own or link.exists() or not target.is_dir():
                continue
            link.unlink(missing_ok=True)  # one that leads nowhere any more
            link.symlink_to(target.absolute(), target_is_directory=True)


# Python's own


def _for_python(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what is left out, its search path without what takes another's place."""
    found = {n: value for n, value in environment.items() if not is_setting(n) and n != PASSWORD}
    left_out = {entry for entry, _ in left_out_of_path(environment.get(PATH, ""))}
    own = [] if str(PROJECT_ROOT) in _site_folders() else [str(PROJECT_ROOT)]
    entries = [*own, *(each for each in _entries(environment.get(PATH, "")) if each not in left_out)]
    found |= {name: FIXED[name] for name in ("PYTHONUTF8", "PYTHONSAFEPATH", "PYTHONHASHSEED", "LC_ALL")}
    found.pop(PATH, None)
    if entries:
        found[PATH] = os.pathsep.join(dict.fromkeys(entries))
    return found | ({"PYTHONNOUSERSITE": "1"} if _does_without_user_site() else {})


def _can_begin_again() -> bool:
    """Once, and where a process can take another's place: not on Windows, where those below are clean."""
    once = RESTARTED not in os.environ and not sys.flags.ignore_environment
    return once and os.name == "posix" and bool(sys.executable)


def _began_otherwise() -> bool:
    """Whether Python began with something that is left out, and that it heeds at its start only."""
    return (
        sys.flags.optimize > 0
        or any(n.startswith("PYTHON") and is_setting(n) and FIXED.get(n) != v for n, v in os.environ.items())
        or bool(list(_left_out(os.environ)))
        or (PASSWORD in os.environ and not _delivers())  # the system shows what a process began with
        or sys.getfilesystemencoding() != "utf-8"
    )


def _left_out(environment: Mapping[str, str]) -> Iterator[str]:
    """What modules are not looked for in, in words."""
    for entry, name in left_out_of_path(environment.get(PATH, "")):
        yield f"{entry} of {PATH} is left out: its '{name}' would take the place of another"
    if _does_without_user_site() and "PYTHONNOUSERSITE" not in environment:
        yield f"{site.getusersitepackages()} is left out: this Python has all that is needed without it"


def left_out_of_path(given: str) -> list[tuple[str, str]]:
    """The entries of a search path that hold a module by the name of another, each with the first such name.

    None, if what is installed is not all that is needed: then the search path may have the rest.
    """
    if not any(Path(entry) != PROJECT_ROOT for entry in _entries(given)) or not _is_complete():
        return []
    found = ((entry, _clash(entry, site.getsitepackages())) for entry in _entries(given))
    return [(entry, name) for entry, name in found if name]


def shadows(folder: Path) -> bool:
    """Whether a module in this folder has the name of one of Python's or of the libraries in use."""
    from pkgutil import iter_modules

    return not {module.name for module in iter_modules([str(folder)])}.isdisjoint(
        {*_standard_names(), *NEEDED, "runner"}
    )


def _site_folders() -> list[str]:
    return [*site.getsitepackages(), site.getusersitepackages()]


def _entries(given: str) -> list[str]:
    """The folders of a search path; an empty one is the working directory, as for Python."""
    return [str(Path(entry).absolute()) for entry in given.split(os.pathsep)] if given else []


@cache
def _standard_names() -> frozenset[str]:
    return frozenset((*sys.stdlib_module_names, *HOOKS))


def _clash(entry: str, usual: Sequence[str]) -> str:
    """The first module in a folder that would take the place of one of Python's or of what is installed."""
    from pkgutil import iter_modules

    if entry in usual or Path(entry) == PROJECT_ROOT:
        return ""
    for module in sorted({found.name for found in iter_modules([entry])} - set(NOBODYS)):
        spec = None if module in _standard_names() else PathFinder.find_spec(module, usual)
        if module in _standard_names() or (spec is not None and spec.loader is not None):
            return module
    return ""


@cache
def _does_without_user_site() -> bool:
    """Whether there are packages of the user's beside those of this Python, which has all that is needed."""
    if not site.ENABLE_USER_SITE:
        return False
    theirs = Path(site.getusersitepackages())
    if not theirs.is_dir() or any(theirs.glob("practica_runner-*")):
        return False
    return _is_complete()


@cache
def _is_complete() -> bool:
    """Whether all that is needed is installed with this Python itself."""
    return all(PathFinder.find_spec(name, site.getsitepackages()) for name in NEEDED)
