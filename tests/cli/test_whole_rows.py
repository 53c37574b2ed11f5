"""Secrets and faulty answers are seen in every part of a row, by `check` and by the gates of a release."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.command import Curator, run, write_jsonl

KEY = "AKIA" + "ABCDEFGHIJKLMNOP"
ROWS = [
    {"id": f"r{n}", "question": f"How long is bread number {n} to be baked in this oven?", "answer": f"{n} minutes."}
    for n in range(20, 50)
]


def test_a_secret_in_an_answer_is_a_finding_and_holds_a_release_back_until_it_is_waived(tmp_path: Path) -> None:
    task = tmp_path / "task.toml"
    task.write_text('name = "t"\nkind = "text"', encoding="utf-8")
    run("init", tmp_path / "p")
    curator = Curator(tmp_path / "p")
    curator.ok("dataset", "create", "t", "--task", task)
    rows = [
        *ROWS,
        {"id": "key", "question": "Which key opens the second store?", "answer": f"Use {KEY} for it."},
        {
            "id": "no",
            "question": "Which flour is best for a pizza?",
            "answer": "I'm sorry, but I can't help with that.",
        },
        {"id": "none", "question": "Which sugar is best for a tart?", "answer": ""},
    ]
    curator.ok("ingest", write_jsonl(tmp_path / "rows.jsonl", rows), "--dataset", "t", "--map",
               "input=question,label=answer,id=id", "--labeler", "gpt")  # fmt: skip
    curator.ok("check", "--dataset", "t")
    found = curator.ok("findings", "--dataset", "t")["findings"]
    named = {
        (each["kind"], each["evidence"]["rule"], each["evidence"]["place"]): each["external_ids"]
        for each in found
        if each["kind"] in ("secret", "format")
    }
    assert named == {
        ("secret", "AWS access key", "answer"): ["key"],
        ("format", "answer_refusal", "answer"): ["no"],
        ("format", "answer_empty", "answer"): ["none"],
    }
    assert KEY not in str([each["evidence"] for each in found if each["kind"] == "secret"])
    waived = ("--waive", "certificate", "--waive", "test_reviewed", "--why", "a test")
    held = curator("release", "t", "--test-share", "0.2", *waived)
    gates = {gate["name"]: gate for gate in held.json["gates"]}
    assert held.code == 1
    assert gates["secrets"]["passed"] is False
    assert "'key'" in gates["secrets"]["why"]
    assert KEY not in held.out
    assert gates["content"]["passed"] is None
    assert "answer_refusal: 1 rows, 'no'" in gates["content"]["why"]
    curator.ok("release", "t", "--test-share", "0.2", *waived, "--waive", "secrets")


def test_a_sql_task_reads_the_tables_of_its_sample_database_and_keeps_one_query_on_one_side(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "geo.sqlite")) as connection:
        connection.execute("create table state (name text, area int)")
    task = tmp_path / "task.toml"
    task.write_text('name = "t"\nkind = "sql"\ndialect = "sqlite"\ndatabase = "geo.sqlite"', encoding="utf-8")
    run("init", tmp_path / "p")
    curator = Curator(tmp_path / "p")
    curator.ok("dataset", "create", "t", "--task", task)
    rows = [
        {"id": f"{n}-{m}", "q": asked.format(place), "a": f"SELECT area FROM state WHERE name = '{place}'"}
        for n, place in enumerate(("ohio", "utah", "maine", "texas", "iowa", "idaho", "nevada", "oregon"))
        for m, asked in enumerate(("how large is {}", "tell me the area that {} covers", "{}: give its size"))
    ]
    rows.append({"id": "bad", "q": "who governs ohio", "a": "SELECT governor FROM state WHERE name = 'ohio'"})
    curator.ok("ingest", write_jsonl(tmp_path / "rows.jsonl", rows), "--dataset", "t", "--map", "input=q,label=a,id=id")
    curator.ok("check", "--dataset", "t")
    faults = curator.ok("findings", "--dataset", "t", "--kind", "format")["findings"]
    assert [(each["evidence"]["rule"], each["external_ids"]) for each in faults] == [("sql_unknown_column", ["bad"])]
    made = curator.ok("release", "t", "--test-share", "0.3", "--format", "openai")
    assert made["rows"]["test"] > 0
    sides = {}
    for split in ("train", "test"):
        file = Path(made["path"]) / "openai" / "sft" / f"{split}.jsonl"
        turns = [json.loads(line)["messages"] for line in file.read_text(encoding="utf-8").splitlines()]
        sides[split] = {turn[-1]["content"] for turn in turns}
    assert sides["train"].isdisjoint(sides["test"])
