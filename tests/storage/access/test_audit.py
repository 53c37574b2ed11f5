"""The audit log: nothing in the product rewrites it, and what another tool rewrote shows."""

import re
from pathlib import Path

import duckdb
import pytest

from storage.access import audit, users
from storage.engine.migrations import MIGRATIONS
from storage.engine.store import Store

ROOT = Path(__file__).parents[3]
CHANGES = {"counter", "claim", "lease"}
"""Tables whose rows come and go: who has which task now. Every other one is only appended to."""
KEPT = {name for step in MIGRATIONS for name in re.findall(r"create table (\w+)", step.sql)} - CHANGES
INTO = "insert into user_role (seq, name, role, granted, who, why) values"
REWRITES = re.compile(
    r"\b(update|delete\s+from|truncate(\s+table)?|drop\s+table|alter\s+table|replace\s+into)\s+(\w+)", re.I
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.create(tmp_path / "curator.duckdb")
    for number in range(5):
        audit.note(made, actor="ana", action="decide:relabel", subject="support", rows=number, reason="wrong")
    return made


def raw(store: Store, sql: str) -> None:
    """What somebody does with another tool."""
    with duckdb.connect(str(store.path)) as connection:
        connection.execute(sql)


def rewrites(text: str) -> set[str]:
    return {match[3].lower() for match in REWRITES.finditer(text)}


def test_no_statement_of_the_product_changes_or_removes_what_is_only_appended() -> None:
    files = [f for folder in ("storage", "pipelines", "pages", "curator") for f in (ROOT / folder).rglob("*.py")]
    assert len(files) > 100
    assert {"audit_event", "audit_link", "user_role", "review", "decision", "label"} <= KEPT
    for file in files:
        if file.name != "migrations.py":
            assert not rewrites(file.read_text(encoding="utf-8")) & KEPT, file


def test_no_migration_touches_an_event_that_is_there() -> None:
    changed = set().union(*(rewrites(step.sql) for step in MIGRATIONS))
    assert not changed & {"audit_event", "audit_link", "user_role"}


def test_the_search_for_rewriting_sees_what_it_should() -> None:
    found = 'con.rows("update audit_event set actor = ?")\n"DELETE FROM  review where x"; "drop table label"'
    assert rewrites(found) == {"audit_event", "review", "label"}


def test_the_log_has_no_function_that_takes_an_event_back() -> None:
    public = {name for name in vars(audit) if not name.startswith("_") and callable(getattr(audit, name))}
    own = {name for name in public if getattr(getattr(audit, name), "__module__", "") == "storage.access.audit"}
    assert own == {
        "note",
        "append",
        "telling",
        "events",
        "everything",
        "choices",
        "head",
        "verify",
        "Verification",
        "LinkedEvent",
    }


def test_an_untouched_log_is_intact(store: Store) -> None:
    found = audit.verify(store)
    assert (found.events, found.broken_at) == (5, None)
    assert found.head == audit.everything(store)[-1].hash


@pytest.mark.parametrize(
    ("edit", "seq"),
    [
        ("update audit_event set actor = 'bo' where seq = 2", 2),
        ("update audit_event set detail = '{}' where seq = 4", 4),
        ("update audit_event set created_at = '2020-01-01' where seq = 1", 1),
        ("delete from audit_event where seq = 3", 3),
        ("delete from audit_event where seq = 5", 5),
        ("insert into audit_event (seq, actor, action, subject, detail) values (0, 'a', 'b', 'c', '{}')", 0),
        ("delete from audit_link where event_seq = 2", 2),
    ],
)
def test_an_edit_with_another_tool_shows_from_the_event_on(store: Store, edit: str, seq: int) -> None:
    raw(store, edit)
    assert audit.verify(store).broken_at == seq
    audit.note(store, actor="ana", action="after", subject="s")
    assert audit.verify(store).broken_at == seq


def test_a_chain_that_was_made_anew_shows_by_a_head_that_was_kept_elsewhere(store: Store) -> None:
    kept = audit.verify(store).head
    raw(store, "delete from audit_event where seq = 5; delete from audit_link where event_seq = 5")
    assert audit.verify(store).broken_at is None  # it cannot show by itself
    assert kept not in [event.hash for event in audit.everything(store)]


@pytest.mark.parametrize("seq", [6, 20])
def test_an_event_put_in_at_the_tail_shows_and_the_next_event_does_not_vouch_for_it(store: Store, seq: int) -> None:
    raw(store, f"insert into audit_event (seq, actor, action, subject, detail) values ({seq}, 'a', 'b', 'c', '{{}}')")
    assert audit.verify(store).broken_at == seq
    raw(store, "update counter set value = 30")
    audit.note(store, actor="ana", action="after", subject="s")
    assert audit.verify(store).broken_at == seq


def test_events_of_an_older_store_are_chained_with_the_next_one(store: Store) -> None:
    raw(store, "delete from audit_link; update audit_start set seq = 5")
    audit.note(store, actor="ana", action="later", subject="s")
    found = audit.verify(store)
    assert (found.events, found.broken_at) == (6, None)
    raw(store, "update audit_event set actor = 'bo' where seq = 2")
    assert audit.verify(store).broken_at == 2


def test_the_log_is_read_by_actor_and_action_newest_first(store: Store) -> None:
    audit.note(store, actor="bo", action="release", subject="support@1")
    assert audit.choices(store) == (["ana", "bo"], ["decide:relabel", "release"])
    assert audit.events(store, actors=["bo"])["subject"].to_list() == ["support@1"]
    assert audit.events(store, actions=["decide:relabel"]).height == 5
    assert audit.events(store, actors=["ana"], actions=["release"]).is_empty()
    assert audit.events(store, 2)["action"].to_list() == ["release", "decide:relabel"]


def test_a_role_change_and_its_event_are_one_transaction(store: Store) -> None:
    users.grant(store, name="bo", role="admin", who="ana", why="new here")
    newest = audit.everything(store)[-1]
    assert (newest.actor, newest.action, newest.subject) == ("ana", "role:grant", "bo")
    assert {k: v for k, v in newest.detail.items() if k != "records"} == {"role": "admin", "why": "new here"}


@pytest.mark.parametrize(
    ("edit", "table"),
    [
        ("update user_role set role = 'reviewer'", "changed"),
        ("delete from user_role", "changed"),
        (f"{INTO} (6, 'x', 'admin', true, 'x', '')", "changed"),
        (f"{INTO} (9, 'x', 'admin', true, 'x', '')", "untold"),
        ("delete from audit_event where seq = 7; delete from audit_link where event_seq = 7", "untold"),
    ],
)
def test_an_edit_of_a_row_or_the_loss_of_its_event_at_the_tail_shows(store: Store, edit: str, table: str) -> None:
    users.grant(store, name="bo", role="admin", who="ana", why="new here")
    assert audit.verify(store).intact
    raw(store, edit)
    found = audit.verify(store)
    assert not found.intact
    assert [name for name, _ in getattr(found, table)] == ["user_role"]
