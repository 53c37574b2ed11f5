"""Several opinions end in labels."""

from pathlib import Path

import numpy as np
import pytest

from curator.review import agreement, by_model, compare, ratings
from tests.cli.command import Curator, run, write_jsonl


def test_three_labelers_become_one_with_its_chance_and_the_rows_that_need_a_person(tmp_path: Path) -> None:
    task = tmp_path / "task.toml"
    task.write_text('name = "t"\nlabels = ["a", "b"]', encoding="utf-8")
    run("init", tmp_path / "p")
    curator = Curator(tmp_path / "p")
    curator.ok("dataset", "create", "t", "--task", task)
    truth = ["ab"[n % 2] for n in range(60)]
    for place, who in enumerate(("ana", "ben", "cy")):
        said = [("ba"["ab".index(t)] if n % 20 == place else t) for n, t in enumerate(truth)]
        rows = [{"id": f"r{n}", "text": f"text number {n}", "label": label} for n, label in enumerate(said)]
        curator.ok("ingest", write_jsonl(tmp_path / f"{who}.jsonl", rows), "--dataset", "t", "--labeler", who)
    lone = [{"id": "lone", "text": "a text that one person saw", "label": "a"}]
    curator.ok("ingest", write_jsonl(tmp_path / "lone.jsonl", lone), "--dataset", "t", "--labeler", "ana")
    before = curator.ok("agreement")["overall"][0]["value"]
    made = curator.ok("consensus", "--method", "majority")
    assert (made["rows"], made["raters"], made["labels_added"], made["tied"]) == (61, 3, 61, 0)
    assert {row["external_id"] for row in made["open"]} == {"lone"} | {f"r{n}" for n in range(60) if n % 20 < 3}
    assert curator.ok("consensus", "--method", "majority")["labels_added"] == 0
    assert curator.ok("agreement")["overall"][0]["value"] == before
    shown = curator.ok("export", "--labeler", "consensus", "--out", tmp_path / "now.jsonl")
    assert shown["rows"] == 61
    by_the_model = curator.ok("consensus", "--name", "model")
    assert by_the_model["need_a_person"] <= made["need_a_person"]
    assert curator("consensus", "--name", "ana").code == 2
    assert curator("consensus", "--method", "guess").code == 2


@pytest.mark.slow
@pytest.mark.parametrize("items", [300, 3000])
def test_free_answers_are_compared_in_what_can_be_compared(items: int) -> None:
    rng = np.random.default_rng(0)
    triples = [
        (f"i{item}", who, f"right {item}" if rng.random() < right else f"own words {rng.random()}")
        for item in range(items)
        for who, right in (("ana", 0.9), ("ben", 0.8), ("cy", 0.3))
    ]
    rated = ratings(triples)
    report = agreement(rated, seed=0, repetitions=50)
    assert report.by_class == ()
    assert any("different answers" in note for note in report.notes)
    assert report.overall[0].value == pytest.approx((0.9 * 0.8 + 0.9 * 0.3 + 0.8 * 0.3) / 3, abs=0.06)
    assert compare(rated).items == items
    found = by_model(rated)
    right = [chosen == f"right {item[1:]}" for item, chosen in zip(found.items, found.chosen, strict=True)]
    assert np.mean(right) > 0.91  # the best of them is right in 90 of 100
