"""The errors a user may see: what is wrong, where, and what to do about it."""

from __future__ import annotations

import errno

CHANGES_NO_DIGIT = True  # of a training: see code_closure
FULL = {errno.ENOSPC, errno.EDQUOT}
LIMITS = {errno.EMFILE, errno.EAGAIN, errno.ENOMEM, errno.EFBIG}
HINTS = {
    errno.ENOENT: "it is not there: put it back, or give another",
    errno.EROFS: "nothing can be written there: give another folder",
    errno.EACCES: "no permission: change the file's, or give another folder",
    errno.EPERM: "no permission: change the file's, or give another folder",
    errno.ENOTDIR: "a file is in the place of a folder: move it, or give another folder",
    errno.EEXIST: "a file is in the place of a folder: move it, or give another folder",
    errno.EIO: "the disk, or the network that it is on, does not answer: give another folder",
    errno.ENAMETOOLONG: "give a shorter path",
    errno.ELOOP: "a link that leads to itself: give the folder that is meant",
    errno.EMFILE: "allow more open files: ulimit -n 1024",
    errno.EAGAIN: "allow more processes: 'ulimit -u', or the container's limit (docker run --pids-limit)",
    errno.ENOMEM: "end other programs, or try --jobs 1",
    errno.EFBIG: "allow larger files: ulimit -f unlimited",
} | dict.fromkeys(FULL, "free some space and run the same command again: what is finished is kept")


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


class WorkersGone(RunnerError):
    """What the variants ran on went away in the middle of a run: what is finished is kept."""


def from_system(error: OSError) -> RunnerError:
    """What the system refused, with file and remedy. A full disk, or a limit, is no fault of the input."""
    kind = RunnerError if error.errno in FULL | LIMITS else InputError
    where = str(error.filename) if error.filename else None
    return kind(error.strerror or str(error), where=where, hint=HINTS.get(error.errno or 0))
