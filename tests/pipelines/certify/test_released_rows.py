"""The certificate in a release is about the rows of that release."""

import json
from pathlib import Path

from curator.records import make_task
from pipelines.analysis import check
from pipelines.certify import judge as certificates
from pipelines.intake import ingest
from pipelines.release import release
from pipelines.review import answers as review
from pipelines.review import plan
from storage.dataset import datasets
from storage.engine.store import Store

WORDS = ("parcel", "invoice", "password", "refund", "delivery", "account", "coupon", "address", "driver", "window")


def test_rows_that_leak_into_a_later_test_set_leave_the_certificate_with_the_release(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "curator.duckdb")
    datasets.create(store, "d", make_task({"name": "t", "labels": ["a", "b"]}))
    texts = [f"the {x} about my {y} is {z} again" for x in WORDS for y in WORDS[:4] for z in ("late", "lost")]
    _write(tmp_path / "train.jsonl", texts, "train")
    ingest.run(ingest.IngestConfig("d", (tmp_path / "train.jsonl",), labeler="t"), store)
    check.run(check.CheckConfig("d"), store)
    drawn = plan.run(plan.PlanConfig("d", reviews=30), store)
    reviews = [{"task_id": t.task_id, "reviewer": "ann", "verdict": "accept", "blind": True} for t in drawn.tasks]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(r) + "\n" for r in reviews))
    review.import_file(tmp_path / "r.jsonl", drawn.plan, store)
    before = release.run(release.ReleaseConfig("d"), store, tmp_path / "releases")
    _write(tmp_path / "test.jsonl", [texts[0] + "!", texts[-1].upper()], "test")
    ingest.run(ingest.IngestConfig("d", (tmp_path / "test.jsonl",), labeler="t"), store)
    after = release.run(release.ReleaseConfig("d"), store, tmp_path / "releases")
    assert after.rows["train"] < before.rows["train"] == drawn.population
    assert after.path is not None
    manifest = json.loads((Path(after.path) / "manifest.json").read_text())
    assert manifest["certificate"]["shipped_error"]["population"] == after.rows["train"]
    again = plan.run(plan.PlanConfig("d", reviews=10), store)
    assert again.population == after.rows["train"]
    found = certificates.judge_newest(
        store, "d", plan=again.plan, released=release.train_rows(store, "d", again.labeler)
    )
    assert found.late_rows == 0


def test_what_certify_says_before_a_release_is_what_the_release_says_also_of_rows_that_have_just_come(
    tmp_path: Path,
) -> None:
    store = Store.create(tmp_path / "curator.duckdb")
    datasets.create(store, "d", make_task({"name": "t", "labels": ["a", "b"]}))
    texts = [f"the {x} about my {y} is {z} again" for x in WORDS for y in WORDS[:3] for z in ("late", "lost")]
    _write(tmp_path / "train.jsonl", texts[:-1], "train")
    _write(tmp_path / "test.jsonl", texts[-1:], "test")
    ingest.run(ingest.IngestConfig("d", (tmp_path / "train.jsonl", tmp_path / "test.jsonl"), labeler="t"), store)
    drawn = plan.run(plan.PlanConfig("d", reviews=20), store)
    reviews = [{"task_id": t.task_id, "reviewer": "ann", "verdict": "accept", "blind": True} for t in drawn.tasks]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(r) + "\n" for r in reviews))
    review.import_file(tmp_path / "r.jsonl", drawn.plan, store)
    assert release.certificate_now(store, "d").status == "CERTIFIED"
    for name, more, status, late in (
        ("leaks", [texts[-1] + "!"], "CERTIFIED", 0),  # a copy of a test row goes into no release
        ("rows", ["a poem about tulips and rain", "how far is it to the moon"], "UNCERTIFIED", 2),
    ):
        lines = [{"id": f"{name}{i}", "text": text, "label": "a"} for i, text in enumerate(more)]
        (tmp_path / "more.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        ingest.run(ingest.IngestConfig("d", (tmp_path / "more.jsonl",), labeler="t"), store)
        said = release.certificate_now(store, "d")
        assert (said.status, said.late_rows) == (status, late)
        report = release.run(release.ReleaseConfig("d"), store, tmp_path / "releases")
        assert report.path is not None
        manifest = json.loads((Path(report.path) / "manifest.json").read_text())
        assert manifest["certificate"] == json.loads(json.dumps(said.as_json()))


def _write(file: Path, texts: list[str], split: str) -> None:
    rows = [{"id": f"{split}{i}", "text": t, "label": "ab"[i % 2], "split": split} for i, t in enumerate(texts)]
    file.write_text("".join(json.dumps(r) + "\n" for r in rows))
