"""Corrections that a model sees make pairs, through the command line: ingest, review, corrections, pairs."""

import json
from pathlib import Path

import pytest

from tests.cli.command import Curator, run, write_jsonl
from tests.places import CASES

FILE = CASES / "fidelity" / "17-pairs-near-equal.jsonl"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="the small files are not beside the checkout")
CORRECTED = {
    "x^2 as text": "10⁵ people",
    "sub": "H₂O",
    "frac": "½ cup",
    "roman": "Ⅷ",
    "indent": "if a:\n    b()\n    c()",
    "newline list": "- a\n- b",
    "case": "Refund",
    "punct": "Yes!",
    "fullwidth": "ＡＢＣ1",
    "ligature": "ﬁne",
    "space in literal": "SELECT 'a  b'",
    "zero width": "ab\u200bcd",
    "superscript unit": "5 m²",
    "circled": "① first",
    "json pretty": '{"a": 2}',
}
TIES = {"trail": "Hello.", "tie same": "same answer", "nfd": "cafe\u0301"}


def test_corrections_that_a_model_sees_make_pairs_and_ties_do_not(tmp_path: Path) -> None:
    run("init", tmp_path / "project")
    curator = Curator(tmp_path / "project")
    task = tmp_path / "task.toml"
    task.write_text('name = "t"\nkind = "text"\n')
    curator.ok("dataset", "create", "t", "--task", task)
    curator.ok("ingest", FILE, "--dataset", "t", "--source", "teacher")
    plan = curator.ok("plan", "--dataset", "t", "--purpose", "find", "--reviews", "18", "--test-share", "0")
    said = CORRECTED | TIES
    lines = [
        {"external_id": ident, "reviewer": "ana", "verdict": "edit", "value": value} for ident, value in said.items()
    ]
    taken = curator.ok("review", "import", write_jsonl(tmp_path / "said.jsonl", lines), "--plan", plan["plan"])
    assert (taken["added"], taken["rejected"]) == (len(said), 0)
    curator.ok("pairs", "build", "--dataset", "t")
    waived = ("--waive", "certificate", "--waive", "test_reviewed", "--waive", "content", "--why", "a test")
    made = curator.ok("release", "t", "--format", "openai", "--test-share", "0", *waived)
    dpo = (Path(made["path"]) / "openai" / "dpo" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    chosen = {json.loads(line)["preferred_output"][0]["content"] for line in dpo}
    assert chosen == set(CORRECTED.values())
