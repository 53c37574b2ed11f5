"""Route and pull against a real, unmodified argilla-server, through the command line."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from curator.errors import ReviewBoardError
from curator.ports import BoardForm, BoardRecord
from storage.access import audit
from storage.review import reviews
from tests.argilla.annotators import Annotator
from tests.argilla.lab import Lab, open_lab
from tests.argilla.server import ArgillaServer
from tests.cli.command import write_jsonl

pytestmark = [pytest.mark.slow, pytest.mark.argilla]


@pytest.fixture
def lab(
    server: ArgillaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Lab]:
    """A plan of 80 audit and 20 risk tasks, not yet routed."""
    with open_lab(server, request.node.name, tmp_path, monkeypatch) as made:
        yield made


def test_with_overlap_every_row_waits_for_two_people(lab: Lab) -> None:
    lab.route("--overlap", 2)
    ana, ben = lab.annotator("ana"), lab.annotator("ben")
    ana.answer(ana.pending(lab.dataset))
    assert lab.pull()["pulled"] == 100
    assert lab.route("--overlap", 2)["second_looks"] == 0
    assert len(ben.pending(lab.dataset)) == 100
    ben.answer(ben.pending(lab.dataset))
    assert lab.pull()["pulled"] == 100
    assert lab.route("--overlap", 2)["second_looks"] == 0
    assert set(reviews.frame(lab.store, "support", plan=lab.plan)["reviewer"]) == {"ana", f"ben_{lab.workspace}"}


def test_discards_and_drafts_and_answers_taken_back(lab: Lab) -> None:
    lab.route()
    ana = lab.annotator("ana")
    cards = ana.pending(lab.dataset)
    assert ana.discard_without_values(cards[0]).status_code == 500
    ana.answer([cards[1]], status="draft")
    ana.answer([cards[2]], status="discarded")
    ana.answer(cards[3:5])
    pulled = lab.pull()
    assert pulled["pulled"] == 4
    assert pulled["left_out"] == {"draft": 1}
    assert sorted(reviews.frame(lab.store, "support", plan=lab.plan)["verdict"])[-2:] == ["skip", "skip"]

    ana.change(cards[3], "discarded")
    after = lab.pull()
    assert (after["pulled"], after["taken_back"]) == (1, 1)
    task = cards[3]["external_id"].split(".")[0]
    kept = reviews.frame(lab.store, "support", plan=lab.plan)
    assert [r["verdict"] for r in kept.iter_rows(named=True) if r["task"] == task] == ["skip"]
    assert (lab.pull()["pulled"], lab.pull()["taken_back"]) == (0, 0)


def test_a_user_who_is_matched_to_another_name_does_not_confirm_their_own_first_look(lab: Lab) -> None:
    lab.route()
    zoe = lab.annotator("zoe", wrong=1.0)
    drawn = {t["task"] for t in lab.tasks() if t["stream"] == "audit"}
    audit_cards = [c for c in zoe.pending(lab.dataset) if c["external_id"].split(".")[0] in drawn]
    zoe.answer(audit_cards)
    assert lab.pull()["pulled"] == len(audit_cards) == 80
    unsettled = lab.curator("certify").json["unsettled"]
    assert unsettled > 70, "blind first looks that disagree"
    file = lab.curator.project / "curator.toml"
    file.write_text(f'{file.read_text()}zoe_{lab.workspace} = "Zoe"\n')
    again = lab.pull()
    assert (again["pulled"], again["unchanged"], again["taken_back"]) == (0, 80, 0)
    for card in audit_cards:
        zoe.change(card, "draft")
        zoe.change(card, "submitted")
    renamed = lab.pull()
    assert (renamed["pulled"], renamed["taken_back"], renamed["by_reviewer"]) == (80, 80, {"Zoe": 80})
    assert lab.curator("certify").json["unsettled"] == unsettled, "one person, whatever the name"
    last = lab.pull()
    assert (last["pulled"], last["taken_back"]) == (0, 0)


def test_an_answer_to_a_changed_text_is_never_attributed(lab: Lab) -> None:
    lab.route()
    ana = lab.annotator("ana")
    card = ana.pending(lab.dataset)[0]
    ana.answer([card])
    with lab.server.owner as owner:
        changed = {"external_id": card["external_id"], "fields": {"text": "a quite different text"}}
        path = f"/api/v1/datasets/{card['dataset_id']}/records/bulk"
        owner.put(path, json={"items": [changed]}).raise_for_status()
    pulled = lab.pull()
    assert (pulled["pulled"], pulled["left_out"]) == (0, {"changed_text": 1})

    routed = lab.route()
    assert (routed["replaced"], routed["on_board"]) == (1, 100)
    again = [c for c in ana.pending(lab.dataset) if c["external_id"] == card["external_id"]]
    assert [c["fields"]["text"] for c in again] == [card["fields"]["text"]]


def test_withdrawn_tasks_are_taken_out_but_no_answer_is_lost(lab: Lab) -> None:
    lab.route()
    ana = lab.annotator("ana")
    cards = {c["external_id"].split(".")[0]: c for c in ana.pending(lab.dataset)}
    elsewhere, answered, *_ = lab.tasks()
    ana.answer([cards[answered["task"]]])
    rows = [
        {"task_id": t["task"], "reviewer": "cleo", "verdict": "accept", "blind": True} for t in (elsewhere, answered)
    ]
    lab.curator.ok("review", "import", write_jsonl(lab.curator.project / "r.jsonl", rows), "--plan", lab.plan)

    routed = lab.route()
    assert (routed["removed"], routed["removed_why"], routed["unpulled"]) == (1, {"reviewed_elsewhere": 1}, 1)
    assert lab.pull()["pulled"] == 1
    assert lab.route()["removed"] == 1
    left = {c["external_id"].split(".")[0] for c in ana.pending(lab.dataset)}
    assert left == set(cards) - {elsewhere["task"], answered["task"]}
    assert audit.events(lab.store).filter(audit.events(lab.store)["action"] == "route").height == 3


def test_a_record_that_the_server_refuses_does_not_lose_its_batch(lab: Lab) -> None:
    board = lab.board()
    board.open(BoardForm("refusals", "rubric", {"a": "", "b": ""}, 1))
    good = [BoardRecord(f"r{i}", f"text {i}", None, "a", 0.5, "gpt", {"stream": "risk"}, f"f{i}") for i in range(40)]
    bad = BoardRecord("bad", "text", None, "no such label", 0.5, "gpt", {"stream": "risk"}, "f")
    refused = board.push("refusals", [*good[:20], bad, *good[20:]], lambda done, total: None)
    assert [r.id for r in refused] == ["bad"]
    assert "no such label" in refused[0].reason
    assert {e.id for e in board.entries("refusals", lambda done, total: None)} == {r.id for r in good}


def test_a_dataset_with_another_question_is_not_touched(lab: Lab) -> None:
    board = lab.board()
    assert board.open(BoardForm("form", "rubric", {"a": "", "b": ""}, 1))
    assert not board.open(BoardForm("form", "rubric", {"a": "", "b": ""}, 1))
    with pytest.raises(ReviewBoardError, match="asks another question"):
        board.open(BoardForm("form", "rubric", {"a": "", "c": ""}, 1))
    with pytest.raises(ReviewBoardError, match="asks another question"):
        board.open(BoardForm("form", "rubric", None, 1))


def test_text_answers_come_back_as_text(lab: Lab) -> None:
    board = lab.board()
    board.open(BoardForm("texts", "rubric", None, 1))
    card = BoardRecord("t.h.1", "the question", None, "teacher's answer", None, "gpt", {"stream": "risk"}, "f")
    board.push("texts", [card], lambda done, total: None)
    with lab.server.owner as owner:
        (record,) = Annotator(owner, str).pending("texts")
        assert record["suggestions"][0]["value"] == "teacher's answer"
        values = {"answer": {"value": "a better answer"}, "comment": {"value": "too long"}}
        body = {"status": "submitted", "values": values}
        owner.post(f"/api/v1/records/{record['id']}/responses", json=body).raise_for_status()
    (entry,) = board.entries("texts", lambda done, total: None)
    (response,) = entry.responses
    assert (response.user, response.value, response.comment) == ("owner", "a better answer", "too long")


def test_a_dataset_that_was_left_half_made_is_made_anew(lab: Lab) -> None:
    board = lab.board()
    with lab.server.owner as owner:
        spaces = owner.get("/api/v1/me/workspaces").json()["items"]
        space = next(s["id"] for s in spaces if s["name"] == lab.workspace)
        owner.post("/api/v1/datasets", json={"name": lab.dataset, "workspace_id": space}).raise_for_status()
    assert not board.find(lab.dataset)
    assert lab.curator("pull", "--plan", lab.plan, "--from", "argilla").code == 2
    assert lab.route()["on_board"] == 100


def test_a_wrong_key_says_so(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARGILLA_API_KEY", "wrong")
    answer = lab.curator("route", "--plan", lab.plan, "--to", "argilla")
    assert answer.code == 4
    assert "the key is wrong" in json.loads(answer.out)["error"]


def test_an_annotator_may_not_route(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = lab.annotator("ana")
    monkeypatch.setenv("ARGILLA_API_KEY", ana.client.get("/api/v1/me").json()["api_key"])
    answer = lab.curator("route", "--plan", lab.plan, "--to", "argilla")
    assert answer.code == 4
    assert "403" in answer.out
    assert "owner" in answer.out


def test_records_that_were_stored_but_never_made_searchable_are_sent_again(lab: Lab) -> None:
    lab.route()
    ana = lab.annotator("ana")
    card = ana.pending(lab.dataset)[0]
    with httpx.Client(base_url=f"http://127.0.0.1:{lab.server.engine_port}") as engine:
        index = next(i["index"] for i in engine.get("/_cat/indices/*").json() if card["dataset_id"] in i["index"])
        line = json.dumps({"delete": {"_index": index, "_id": card["id"]}})
        engine.post("/_bulk", content=f"{line}\n").raise_for_status()
    assert len(ana.pending(lab.dataset)) == 99
    routed = lab.route()
    assert (routed["added"], routed["updated"], routed["on_board"]) == (0, 100, 100)
    assert len(ana.pending(lab.dataset)) == 100
    assert lab.route()["unchanged"] == 100
