"""Every error that Curator raises on purpose.

    CuratorError
    ├── RequestError(ValueError)       the request was wrong                       exit 2
    │   ├── NotFoundError(LookupError) no such dataset, plan, version, run …
    │   └── NotAllowedError            the user's role does not allow it
    ├── DataError(ValueError)          the data does not have the promised form    exit 1
    ├── NotEnoughDataError             an honest answer needs more                 exit 3
    ├── OutsideError(RuntimeError)     an outside system failed; a rerun resumes   exit 4
    │   ├── TeacherError
    │   ├── ReviewBoardError
    │   ├── TrainerError
    │   ├── StoreBusyError             somebody else keeps the store for too long
    │   └── NoRoomError                the disk is full
    └── StoreError(RuntimeError)       the store is newer, locked or damaged       exit 2

A message says what happened, where (row, id, file and line), what was expected, and what to do. It tells no password
that an address holds.
Any other exception is a bug of ours (exit 70).
"""

import re

_USER = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,20}://)(?P<user>[^\s/@:'\"<>]*)(?P<rest>:?[^\s/'\"<>]*)@")


def without_password(text: str) -> str:
    """A text in which no address tells a password, or a key in its place; the user's name stays beside one.

    >>> without_password("no server at https://ana:s3cret@argilla.example:6900/api")
    'no server at https://ana:***@argilla.example:6900/api'
    >>> without_password("postgres://key@host, mail to ana@host.example")
    'postgres://***@host, mail to ana@host.example'
    """
    return _USER.sub(lambda m: f"{m['scheme']}{m['user'] + ':***' if m['rest'] else '***'}@", text)


class CuratorError(Exception):
    """Base of every error raised on purpose."""

    exit_code = 70

    def __str__(self) -> str:
        return without_password(super().__str__())


class RequestError(CuratorError, ValueError):
    """The request was wrong: an unknown option value, a missing argument, an ambiguous choice."""

    exit_code = 2


class NotFoundError(RequestError, LookupError):
    """The request names something that does not exist."""


class NotAllowedError(RequestError):
    """The user's role does not allow the action."""


class DataError(CuratorError, ValueError):
    """Input data does not have the promised form."""

    exit_code = 1


class NotEnoughDataError(CuratorError):
    """There is too little data for an honest answer."""

    exit_code = 3


class OutsideError(CuratorError, RuntimeError):
    """An outside system failed. What was acknowledged is kept; a rerun resumes."""

    exit_code = 4


class TeacherError(OutsideError):
    """The teacher could not be asked at all. What it had answered before is kept."""


class ReviewBoardError(OutsideError):
    """The review board (for example an Argilla server) could not be reached or refused."""


class TrainerError(OutsideError):
    """The trainer or sampler (Tinker, or a server that speaks its protocol) failed."""


class StoreBusyError(OutsideError):
    """Somebody else kept the store for too long."""


class NoRoomError(OutsideError):
    """There is no room to write: the disk is full, or a quota is used up. What was stored is kept."""


class StoreError(CuratorError, RuntimeError):
    """The store is newer than this Curator, locked by a stranger, or damaged."""

    exit_code = 2
