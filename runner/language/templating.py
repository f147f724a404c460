"""Templates, styles and pictures beside them are the user's text: read as UTF-8, each fault with its line.

Used wherever a template is rendered.
"""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from runner import shipped
from runner.errors import InputError, RunnerError

if TYPE_CHECKING:
    import jinja2

TEMPLATES = (".html", ".txt")
PROGRAM = shipped("templates")
BASE = "base"  # what any practice's templates find by name: base/report.html and others
AS_UTF8 = "save the file as UTF-8"


class TemplateFault(InputError):
    """A template, or a file beside it, that can't be used."""


def environment(folder: Path, **options: Any) -> jinja2.Environment:
    """A Jinja environment for the templates of ``folder``, translated as they are compiled.

    The program's ``base/`` templates are found by name, unless the folder has its own of that name. It is a
    ``Sandbox``: templates are no code.
    """
    import jinja2

    from runner.language.sandbox import Sandbox
    from runner.language.translation import Translator

    program = jinja2.FileSystemLoader(PROGRAM)

    class Loader(jinja2.FileSystemLoader):
        """Faults of a file are told with its path."""

        def get_source(
            self, environment: jinja2.Environment, template: str
        ) -> tuple[str, str, Callable[[], bool]]:
            """What Jinja's own gives, or the program's; a mark at the start of the file is left out."""
            try:
                return super().get_source(environment, template)
            except jinja2.TemplateNotFound:
                if not template.startswith(f"{BASE}/"):
                    raise
                return program.get_source(environment, template)
            except (UnicodeError, OSError) as error:
                raise unreadable(folder / template, error) from error

    return Sandbox(
        loader=Loader(folder, encoding="utf-8-sig"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=[Translator],
        **options,
    )


@contextmanager
def blamed(name: str) -> Iterator[None]:
    """Raise what is wrong with the template ``name``, or one that it uses, as TemplateFault with its line.

    RunnerErrors pass as they are.
    """
    import jinja2
    from jinja2.exceptions import SecurityError

    try:
        yield
    except RunnerError:
        raise
    except jinja2.TemplateNotFound as error:
        raise TemplateFault(f"there is no template '{error.name}'", where=place(error, name)) from error
    except jinja2.TemplateSyntaxError as error:
        raise TemplateFault(
            error.message or "bad syntax", where=f"{error.name or name}:{error.lineno}"
        ) from error
    except RecursionError as error:
        what = "never ends, or is nested too deep: no template may include, extend or call itself"
        raise TemplateFault(what, where=place(error, name)) from error
    except SyntaxError as error:  # of the Python that Jinja makes of it
        raise TemplateFault(f"can't be compiled: {error.msg}", where=place(error, name)) from error
    except SecurityError as error:
        hint = "templates print what they are given; what needs code goes into figures.py, or a notebook"
        raise TemplateFault(f"not for templates: {error}", where=place(error, name), hint=hint) from error
    except (
        jinja2.TemplateError,
        TypeError,
        ValueError,
        AttributeError,
        LookupError,
        ArithmeticError,
        AssertionError,
    ) as error:
        what = str(error) or type(error).__name__
        raise TemplateFault(what, where=place(error, name)) from error


def place(error: BaseException, name: str) -> str:
    """Template and line of the innermost template in the traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame for frame in frames if Path(frame.filename).suffix in TEMPLATES]
    if not lines:
        return name
    path = Path(lines[-1].filename)
    return f"{path.name}:{lines[-1].lineno}"


def check_texts(folder: Path) -> None:
    """Raise TemplateFault, naming the file, for a text (or a folder) below ``folder`` that can't be read."""

    def refuse(error: OSError) -> None:
        raise unreadable(Path(error.filename), error) from error

    walked = os.walk(folder, onerror=refuse)
    for path in sorted(Path(parent, name) for parent, _, names in walked for name in names):
        try:
            if path.suffix in (*TEMPLATES, ".css", ".j2") and path.is_file():
                path.read_bytes().decode("utf-8-sig")
            elif path.suffix == ".svg" and path.is_file():
                ElementTree.parse(path)
            elif path.suffix == ".json" and path.is_file():
                json.loads(path.read_bytes())
        except (UnicodeError, OSError) as error:
            raise unreadable(path, error) from error
        except ElementTree.ParseError as error:
            raise TemplateFault(f"no SVG: {error}", where=str(path), hint=AS_UTF8) from error
        except (ValueError, RecursionError) as error:
            raise TemplateFault(f"no JSON: {error}", where=str(path)) from error


def unreadable(path: Path, error: UnicodeError | OSError) -> TemplateFault:
    """What to say of a file that the system or its bytes keep from being read."""
    if isinstance(error, UnicodeDecodeError):
        return TemplateFault(f"not UTF-8 from byte {error.start} on", where=str(path), hint=AS_UTF8)
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return TemplateFault(f"can't be read: {reason or error}", where=str(path))


def base_files() -> list[Path]:
    """The program's templates that any practice may use."""
    return sorted(path for path in (PROGRAM / BASE).rglob("*") if path.is_file())
