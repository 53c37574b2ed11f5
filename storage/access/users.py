"""Roles: an append-only table of grants and revocations; who has which role now is its newest word on each."""

from collections.abc import Sequence

import polars as pl

from curator.records import Role, check_revocation
from storage.access import audit
from storage.engine.store import Connection, Store

_NOW = """
select name, role from (
    select name, role, granted, row_number() over (partition by name, role order by seq desc) as newest from user_role
) where newest = 1 and granted order by name, role
"""


def roles_of(store: Store, name: str) -> frozenset[Role]:
    """The user's roles now, by one short query: a page asks at every run, an action at every click."""
    sql = "select role from user_role where name = ? group by role having arg_max(granted, seq)"
    return store.read_once(("roles", name), lambda: frozenset(row[0] for row in store.rows(sql, [name])))


def current(store: Store) -> dict[str, frozenset[Role]]:
    """Every user who has a role, with the roles, by name."""
    with store.transaction() as connection:
        return _current(connection)


def grant(store: Store, *, name: str, role: Role, who: str, why: str) -> bool:
    """Give a role; False where the user has it already (nothing is written)."""
    with store.transaction() as connection:
        if role in _current(connection).get(name, frozenset()):
            return False
        _append(connection, name, role, True, who, why)
    return True


def revoke(store: Store, *, name: str, roles: Sequence[Role], who: str, why: str, force: bool = False) -> None:
    """Take roles away: all of them, or none.

    Raises:
        RequestError: The user does not have one, or is the last admin and `force` is not set.
    """
    with store.transaction() as connection:
        held = _current(connection)
        for role in roles:
            check_revocation(held, name, role, force=force)
            _append(connection, name, role, False, who, why)


def history(store: Store) -> pl.DataFrame:
    """Every grant and revocation, newest first: created_at, name, role, granted, who, why."""
    return store.frame("select created_at, name, role, granted, who, why from user_role order by seq desc")


def _current(connection: Connection) -> dict[str, frozenset[Role]]:
    found: dict[str, frozenset[Role]] = {}
    for name, role in connection.rows(_NOW):
        found[name] = found.get(name, frozenset()) | {role}
    return found


def _append(connection: Connection, name: str, role: Role, granted: bool, who: str, why: str) -> None:
    """One word, and its audit event, or neither."""
    word = pl.DataFrame({"name": [name], "role": [role], "granted": [granted], "who": [who], "why": [why]})
    given = connection.appended("user_role", word)
    action = "role:grant" if granted else "role:revoke"
    audit.append(connection, given, actor=who, action=action, subject=name, role=role, why=why)
