"""Who has which role: given and taken away, always with who did it and why."""

from curator.errors import RequestError
from curator.records import ROLES, Role, clean_name
from pipelines.runtime import acting
from storage.access import users
from storage.engine.store import Store


def add(store: Store, name: str, role: str, *, why: str = "") -> bool:
    """Give a user a role; False where the user has it already.

    Raises:
        RequestError: No such role, or no name that a sign-in could prove.
    """
    acting.require("administer")
    return users.grant(store, name=clean_name(name), role=_role(role), who=acting.actor(), why=why.strip())


def remove(store: Store, name: str, role: str | None = None, *, why: str = "", force: bool = False) -> list[Role]:
    """Take a role away, or all of them; the user is out at the next click.

    Returns:
        The roles that are gone.

    Raises:
        RequestError: The user does not have it, or is the last admin and `force` is not set.
    """
    acting.require("administer")
    kept = clean_name(name)
    if role is not None:
        gone = [_role(role)]
    else:
        held = users.roles_of(store, kept)
        gone = [r for r in ROLES if r in held]
        if not gone:
            msg = f"user {kept!r} has no role; `curator users list` shows who has what"
            raise RequestError(msg)
    users.revoke(store, name=kept, roles=gone, who=acting.actor(), why=why.strip(), force=force)
    return gone


def _role(name: str) -> Role:
    for role in ROLES:
        if role == name:
            return role
    msg = f"role {name!r} is unknown, expected {', '.join(ROLES)}"
    raise RequestError(msg)
