"""On whose behalf a pipeline acts, and whether that user may.

The app names an authority (`pages.frame.guard`), which knows who clicked and looks the roles up at that moment. So
an action is guarded where it is performed, whichever page it came from. A command that somebody typed asks nobody:
whoever may write the store's file may run it. It acts for the user of the operating system, a job of the app for
the user who started it.
"""

import getpass
import os
from collections.abc import Callable
from contextvars import ContextVar

from curator.records import Permission

ACTOR_VARIABLE = "CURATOR_ACTOR"
Authority = Callable[[Permission], str | None]
"""Returns the name of who acts (None: the user of this machine), or raises NotAllowedError."""
_authority: list[Authority] = []
_actor: ContextVar[str | None] = ContextVar("curator_actor", default=None)


def ask(authority: Authority) -> None:
    """Ask this authority before every action of the process."""
    _authority[:] = [authority]


def act_as(name: str | None) -> None:
    """From here on this thread acts for the user (the app runs each user's script in a thread of its own)."""
    _actor.set(name)


def require(permission: Permission) -> None:
    """See that whoever acts may do this now.

    Raises:
        NotAllowedError: The user's roles, as they are now, do not allow it.
    """
    for authority in _authority:
        act_as(authority(permission))


def actor() -> str:
    """Who acts."""
    return _actor.get() or os.environ.get(ACTOR_VARIABLE) or system_user()


def system_user() -> str:
    """The user of the operating system; "local" where it has no name, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "local"
