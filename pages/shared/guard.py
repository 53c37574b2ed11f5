"""Who may see a page: the first statement of each page, because a deep link can bypass the entry script."""

import getpass
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

import streamlit as st

Role = Literal["reviewer", "engineer", "analyst", "admin"]
LOOPBACK_NAMES = ("localhost",)


@dataclass(frozen=True, slots=True)
class User:
    """Who is looking at the page, and what they may do."""

    name: str
    roles: frozenset[Role]


def is_loopback(address: str | None) -> bool:
    """Whether a server bound to this address is reached from this machine alone.

    >>> is_loopback("127.0.0.1"), is_loopback("0.0.0.0"), is_loopback(None)
    (True, False, False)
    """
    if not address:
        return False
    if address in LOOPBACK_NAMES:
        return True
    try:
        return ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False


def require_role(*roles: Role) -> User:
    """Let the user see this page, or stop here.

    In the local single-user mode there is no sign-in: whoever sits at this machine has every role, and the
    page is refused as soon as the server listens to anything but loopback.

    Args:
        roles: One of these is needed.
    """
    if not is_loopback(st.get_option("server.address")):
        st.error(
            "This app has no sign-in, so it serves its own machine only. "
            "Start it with `curator app`, or with `--server.address 127.0.0.1`."
        )
        st.stop()
    user = User(_local_name(), frozenset(("reviewer", "engineer", "analyst", "admin")))
    if not user.roles.intersection(roles):
        st.error("Your role does not allow this page.")
        st.stop()
    return user


def _local_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "local"
