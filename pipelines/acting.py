"""On whose behalf a pipeline acts: the name that the audit log gets.

A page knows who clicked and says so with `act_as`; a job of the app gets the name in its environment; a command
that somebody typed acts for the user of the operating system.
"""

import getpass
import os
from contextvars import ContextVar

ENVIRONMENT = "CURATOR_ACTOR"
_actor: ContextVar[str | None] = ContextVar("curator_actor", default=None)


def act_as(name: str) -> None:
    """From here on this thread acts for the user (the app runs each user's script in a thread of its own)."""
    _actor.set(name)


def actor() -> str:
    """Who acts."""
    return _actor.get() or os.environ.get(ENVIRONMENT) or system_user()


def system_user() -> str:
    """The user of the operating system; "local" where it has no name, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "local"
