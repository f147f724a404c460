"""The errors a user may see: what is wrong, where, and what to do about it."""

from __future__ import annotations


class RunnerError(Exception):
    """A failure with a message for the user instead of a traceback.

    ``what`` is the problem, ``where`` the file, key or option it was found in, and
    ``hint`` what mends it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        text = f"{self.where}: {self.what}" if self.where else self.what
        return f"{text}\n  hint: {self.hint}" if self.hint else text


class InputError(RunnerError):
    """Bad usage or bad input: nothing was run and nothing was changed."""

    exit_code = 2
