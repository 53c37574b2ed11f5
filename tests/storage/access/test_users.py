from pathlib import Path

import pytest

from curator.errors import RequestError
from storage.access import users
from storage.engine.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.create(tmp_path / "curator.duckdb")


def test_a_role_is_what_was_said_last_about_it(store: Store) -> None:
    assert users.roles_of(store, "ana") == frozenset()
    assert users.grant(store, name="ana", role="reviewer", who="x", why="")
    assert not users.grant(store, name="ana", role="reviewer", who="x", why="")
    users.grant(store, name="ana", role="admin", who="x", why="")
    users.grant(store, name="bo", role="admin", who="x", why="")
    users.revoke(store, name="ana", roles=["reviewer"], who="bo", why="left")
    assert users.roles_of(store, "ana") == {"admin"}
    assert users.grant(store, name="ana", role="reviewer", who="bo", why="came back")
    assert users.current(store) == {"ana": {"admin", "reviewer"}, "bo": {"admin"}}
    assert users.history(store)["granted"].to_list() == [True, False, True, True, True]


def test_a_revocation_of_several_roles_is_all_or_nothing(store: Store) -> None:
    for role in ("reviewer", "admin"):
        users.grant(store, name="ana", role=role, who="x", why="")
    with pytest.raises(RequestError, match="last admin"):
        users.revoke(store, name="ana", roles=["reviewer", "admin"], who="x", why="")
    assert users.roles_of(store, "ana") == {"reviewer", "admin"}
    users.revoke(store, name="ana", roles=["reviewer", "admin"], who="x", why="", force=True)
    assert users.current(store) == {}


def test_a_name_with_another_one_inside_it_has_no_role_of_its(store: Store) -> None:
    users.grant(store, name="ana@example.org", role="admin", who="x", why="")
    for other in ("ana@example.org ", "ANA@example.org", "%", "' or 1=1 --"):
        assert users.roles_of(store, other) == frozenset()
