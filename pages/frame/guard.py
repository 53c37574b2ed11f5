"""Who is there and what they may do: the first statement of each page, and a question before each action.

A deep link can bypass the entry script, so each page calls `require_role` itself. Roles are read from the store at
every run and at every action: one that was taken away is gone at the next click, also in a page that stays open.
"""

import ast
import os
import shlex
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NoReturn

import streamlit as st

from curator.errors import CuratorError, NotAllowedError, NotFoundError, OutsideError
from curator.records import ALLOWED, ROLES, Permission, Role, identity, may
from pages.frame.door import sign_in_cookie
from pipelines.admin import sign_in
from pipelines.admin.keys import EndedSignIns
from pipelines.admin.sign_in import is_loopback
from pipelines.runtime import acting
from pipelines.runtime import settings as project_settings
from storage.access import users
from storage.engine.turns import people_wait

APP_ROOT = Path(__file__).resolve().parents[2]
_NEEDED = "roles_of_this_page"


@dataclass(frozen=True, slots=True)
class User:
    """Who is looking at the page, and what they may do."""

    name: str
    roles: frozenset[Role]


def served_project() -> Path | None:
    """The project's folder, where there is one."""
    try:
        return project_settings.find_project(None)
    except NotFoundError:
        return None


@cache
def provider() -> sign_in.SignIn | None:
    """The sign-in that was configured when the server started; None: the local single-user mode."""
    return sign_in.configured(served_project(), os.environ)


@cache
def signed_out() -> EndedSignIns:
    """Cookies that somebody has signed out with."""
    return EndedSignIns(served_project())


def may_ingest(name: str) -> bool:
    """Whether a user may bring in data now."""
    return may(_roles(name), "ingest")


def require_role(*roles: Role) -> User:
    """Let the user see this page, or stop here.

    In the local single-user mode there is no sign-in: whoever sits at this machine has every role, and the
    page is refused as soon as the server listens to anything but loopback.

    Args:
        roles: One of these is needed.
    """
    st.session_state[_NEEDED] = roles
    auth = provider()
    user = _local_user() if auth is None else _signed_in(auth)
    acting.act_as(user.name)
    if user.roles.isdisjoint(roles):
        st.error("Your role does not allow this page.")
        if auth is not None:
            st.text(f"{user.name} has {_in_words(user.roles)}; this page needs {_in_words(roles, ' or ')}.")
            sign_out_button()
        st.stop()
    return user


def recheck() -> None:
    """In a fragment: let the user go on seeing the page, or stop. A fragment runs without the page's own guard."""
    if provider() is not None:
        require_role(*st.session_state.get(_NEEDED, ()))


def allow(user: User, permission: Permission) -> bool:
    """Whether the user may do this now, by the roles in the store; to offer an action or not.

    The pipelines ask for themselves (`pipelines.runtime.acting.require`), so no page can forget it.

    Args:
        user: Whom the page was drawn for.
        permission: What would be done.
    """
    return permitted(permission) and (provider() is None or _name() == user.name)


def permitted(*permissions: Permission) -> bool:
    """Whether whoever is there may do all of this now."""
    if provider() is None:
        return is_loopback(st.get_option("server.address"))
    name = _name()
    roles = _roles(name) if name else frozenset()
    return all(may(roles, permission) for permission in permissions)


def authorise(permission: Permission) -> str | None:
    """Name who acts in this thread; the authority of `pipelines.runtime.acting`.

    Raises:
        NotAllowedError: Nobody is signed in, or the roles in the store do not allow it.
    """
    if provider() is None:
        return None
    name = _name()
    roles = _roles(name) if name else frozenset()
    if name is None or not may(roles, permission):
        msg = f"{name or 'nobody'} may not {permission}: that needs {_in_words(ALLOWED[permission], ' or ')}"
        raise NotAllowedError(msg)
    return name


def reader_roles() -> frozenset[Role]:
    """The roles of whoever is there, none for a stranger: which pages to list. Each page's own guard refuses."""
    if provider() is None:
        return frozenset(ROLES)
    name = _name()
    return _roles(name) if name else frozenset()


@cache
def roles_of(page: Path) -> frozenset[Role]:
    """The roles that a page's guard names: its first statement beside imports and the docstring.

    Raises:
        ValueError: That is no call of `require_role` with names of roles.
    """
    body = ast.parse(page.read_text(encoding="utf-8")).body
    code = [n for n in body if not isinstance(n, ast.Import | ast.ImportFrom) and not _is_text(n)]
    match code[:1]:
        case [ast.Assign(value=ast.Call(func=ast.Name("require_role"), args=[_, *_] as named, keywords=[]))]:
            return frozenset(role for role in ROLES if role in {ast.literal_eval(n) for n in named})
        case _:
            msg = f"{page}: its first statement must be `user = require_role(...)`"
            raise ValueError(msg)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def sign_out_button() -> None:
    """Offer to sign out."""
    st.button("Sign out", on_click=st.logout, icon=":material/logout:")


def _local_user() -> User:
    if not is_loopback(st.get_option("server.address")):
        st.error(
            "This app has no sign-in, so it serves its own machine only. "
            "Start it with `curator app`, or with `--server.address 127.0.0.1`."
        )
        st.stop()
    return User(acting.system_user(), frozenset(ROLES))


def _signed_in(auth: sign_in.SignIn) -> User:
    """Whoever signed in and has a role; anyone else gets no further."""
    name = _name()
    if name is None:
        _ask_to_sign_in(auth)
    roles = _roles(name)
    if not roles:
        st.subheader("You have no role yet", anchor=False)
        st.text("Ask an admin. In the project's folder, this command lets you review:")
        st.code(command_for(name), language=None)
        sign_out_button()
        st.stop()
    return User(name, roles)


def command_for(name: str) -> str:
    """The command that gives a user the first role, safe to paste into a shell."""
    return f"curator users add {shlex.quote(name)} --role reviewer"


def _name() -> str | None:
    """The name that this session's sign-in proves; none once somebody has signed out with its cookie."""
    cookie = sign_in_cookie(st.context.cookies)
    if cookie is not None and signed_out().has(cookie):
        return None
    return identity(st.user.to_dict()) if getattr(st.user, "is_logged_in", False) is True else None


def _roles(name: str) -> frozenset[Role]:
    try:
        return users.roles_of(project_settings.load(project_settings.find_project(None)).store, name)
    except OutsideError:  # a full disk, a store in use: that says nothing about roles
        raise
    except CuratorError:  # no project, no store: nobody has a role in it
        return frozenset()


def _ask_to_sign_in(auth: sign_in.SignIn) -> NoReturn:
    st.subheader("Curator", anchor=False)
    st.text("Sign in to go on.")
    for named in auth.providers:
        label = f"Sign in with {named}" if named else "Sign in"
        st.button(label, type="primary", on_click=st.login, args=(named,) if named else (), key=f"sign-in:{named}")
    if getattr(st.user, "is_logged_in", False) is True:  # signed in, but by a token that proves no name
        st.text("Your account's provider tells no verified e-mail address and no subject, so Curator cannot know you.")
        sign_out_button()
    st.stop()


def _in_words(roles: Collection[Role], between: str = ", ") -> str:
    return between.join(role for role in ROLES if role in roles)


acting.ask(authorise)
people_wait()
