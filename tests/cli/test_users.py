"""`curator users` and `curator audit`."""

import json
from pathlib import Path

import pytest

from pipelines.runtime.acting import system_user
from tests.cli.command import Curator, run


@pytest.fixture
def curator(tmp_path: Path) -> Curator:
    made = Curator(tmp_path / "project")
    made.ok("init")
    return made


def test_roles_are_given_listed_and_taken_away(curator: Curator) -> None:
    assert curator.ok("users", "list") == {"users": [], "mode": "local"}
    added = curator.ok("users", "add", "Ana@Example.org", "--role", "admin", "--why", "first")
    assert added == {"name": "ana@example.org", "roles": ["admin"], "changed": True}
    assert not curator.ok("users", "add", "ana@example.org", "--role", "admin")["changed"]
    curator.ok("users", "add", "https://idp.example#7", "--role", "reviewer")
    assert curator.ok("users", "list")["users"] == [
        {"name": "ana@example.org", "roles": ["admin"]},
        {"name": "https://idp.example#7", "roles": ["reviewer"]},
    ]
    gone = curator.ok("users", "remove", "https://idp.example#7")
    assert gone == {"name": "https://idp.example#7", "roles": [], "removed": ["reviewer"]}


def test_wrong_requests_about_people_are_refused_with_what_to_do(curator: Curator) -> None:
    assert curator("users", "add", "ana@example.org", "--role", "boss").code == 2
    assert curator("users", "remove", "nobody@example.org").code == 2
    curator.ok("users", "add", "ana@example.org", "--role", "admin")
    refused = curator("users", "remove", "ana@example.org", "--role", "admin")
    assert refused.code == 2
    assert "--force" in refused.json["error"]
    assert curator.ok("users", "remove", "ana@example.org", "--role", "admin", "--force")["roles"] == []


def test_the_audit_log_tells_who_changed_a_role_and_is_written_out_whole(curator: Curator, tmp_path: Path) -> None:
    curator.ok("users", "add", "ana@example.org", "--role", "admin", "--why", "first")
    curator.ok("users", "add", "bo@example.org", "--role", "reviewer")
    events = curator.ok("audit", "--action", "role:grant")["events"]
    assert [(e["actor"], e["subject"]) for e in events] == [
        (system_user(), "bo@example.org"),
        (system_user(), "ana@example.org"),
    ]
    assert curator.ok("audit", "--actor", "nobody")["events"] == []
    out = tmp_path / "audit.jsonl"
    assert curator.ok("audit", "--out", out)["events"] == 2
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [line["detail"]["why"] for line in lines] == ["first", ""]
    assert run("--project", curator.project, "audit", "--format", "jsonl").out == out.read_text(encoding="utf-8")
    assert curator("audit", "--format", "xml").code == 2


def test_the_chain_is_verified_against_a_head_that_was_kept(curator: Curator) -> None:
    curator.ok("users", "add", "ana@example.org", "--role", "admin")
    kept = curator.ok("audit", "verify")["head"]
    curator.ok("users", "add", "bo@example.org", "--role", "reviewer")
    assert curator.ok("audit", "verify", "--head", kept)["intact"]
    missing = curator("audit", "verify", "--head", "0" * 64)
    assert missing.code == 1
    assert not missing.json["intact"]
    assert missing.json["broken_at"] is None


def test_the_app_listens_beyond_this_machine_only_with_a_sign_in(curator: Curator) -> None:
    refused = curator("app", "--address", "0.0.0.0", "--port", "1")
    assert refused.code == 2
    assert "needs a sign-in" in refused.json["error"]


def test_the_app_does_not_start_with_half_a_sign_in(curator: Curator) -> None:
    (curator.project / ".streamlit").mkdir()
    (curator.project / ".streamlit" / "secrets.toml").write_text('[auth]\nclient_id = "x"\n', encoding="utf-8")
    refused = curator("app", "--port", "1")
    assert refused.code == 2
    assert "lacks redirect_uri" in refused.json["error"]
    assert curator("users", "list").code == 2
