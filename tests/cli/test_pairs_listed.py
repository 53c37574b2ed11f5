"""Stored pairs, listed, shown, and balanced by length."""

import json
from pathlib import Path

from tests.cli.command import Curator

TASK = 'name = "t"\nkind = "text"\n'


def project(path: Path, pairs: list[tuple[str, str]], kind: str = TASK) -> Curator:
    curator = Curator(path / "project")
    curator.ok("init", path / "project")
    (path / "task.toml").write_text(kind, encoding="utf-8")
    rows = [{"prompt": f"question {n}", "chosen": c, "rejected": r} for n, (c, r) in enumerate(pairs)]
    (path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    curator.ok("dataset", "create", "t", "--task", path / "task.toml")
    curator.ok("ingest", path / "pairs.jsonl", "--dataset", "t")
    return curator


def test_pairs_are_listed_shown_and_balanced_with_what_it_cost(tmp_path: Path) -> None:
    longer = [(f"a long answer {n:02}", f"short {n:02}") for n in range(15)]
    shorter = [(f"brief {n:02}", f"a long reply! {n:02}") for n in range(5)]
    curator = project(tmp_path, longer + shorter)
    made = curator.ok("pairs", "build", "--dataset", "t", "--balance", "length")
    assert (made["length_auc_before"], made["length_auc"]) == (0.75, 0.5)
    assert (made["added"], made["dropped"]["length_balance"]) == (10, 10)
    assert sum(made["by_source"].values()) == made["pairs"] == 10
    assert curator.ok("pairs", "build", "--dataset", "t", "--balance", "length")["added"] == 0
    listed = curator.ok("pairs", "list", "--dataset", "t", "--contains", "BRIEF")
    assert listed["total"] == 5
    (first, *_) = listed["pairs"]
    assert curator.ok("pairs", "show", first["pair"], "--dataset", "t") == first
    assert curator.ok("pairs", "list", "--dataset", "t", "--row", first["external_id"])["total"] == 1
    assert curator.ok("pairs", "list", "--dataset", "t", "--source", "student_error")["total"] == 0
    assert curator("pairs", "list", "--dataset", "t", "--source", "nobody").code == 2
    assert curator("pairs", "show", "pair_none", "--dataset", "t").code == 2
    everything = curator.ok("pairs", "build", "--dataset", "t")
    assert (everything["pairs"], everything["length_auc"]) == (20, 0.75)


def test_two_spellings_of_one_query_are_no_pair(tmp_path: Path) -> None:
    pairs = [("SELECT a FROM t", "select  a from t;"), ("SELECT a FROM t", "SELECT b FROM t")]
    curator = project(tmp_path, pairs, 'name = "t"\nkind = "sql"\n')
    made = curator.ok("pairs", "build", "--dataset", "t")
    assert (made["pairs"], made["dropped"]["identical"]) == (1, 1)
