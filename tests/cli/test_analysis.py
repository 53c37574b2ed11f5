"""Balance, coverage of a reference, the learning curve and figures by version, by the command line."""

import csv
from pathlib import Path

import pytest

from tests.cli.command import LABELS, Curator, make_project, write_jsonl

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def curator(tmp_path_factory: pytest.TempPathFactory) -> Curator:
    """242 support questions with vectors and a check, and a dataset of logs with a topic of its own."""
    folder = tmp_path_factory.mktemp("analysis")
    curator, _ = make_project(folder)
    known = [{"id": f"k{i}", "text": f"where is parcel {10_003 + 7 * i}"} for i in range(40)]
    new = [{"id": f"n{i}", "text": f"my password was stolen by hackers, incident {i}"} for i in range(40)]
    logs = write_jsonl(folder / "logs.jsonl", [*known, *new])
    curator.ok("dataset", "create", "logs", "--task", folder / "task.toml")
    curator.ok("ingest", logs, "--dataset", "logs", "--source", "production", "--map", "input=text,id=id")
    for name in ("support", "logs"):
        curator.ok("embed", "--dataset", name)
    curator.ok("check", "--dataset", "support")
    return curator


def test_balance_counts_labels_and_a_cap_leaves_redundant_rows_out_until_it_holds(curator: Curator) -> None:
    report = curator.ok("balance", "--dataset", "support")
    assert set(report["counts"]) == set(LABELS)
    assert sum(report["counts"].values()) == report["rows"] == 242
    assert report["cap"] is None  # three labels cannot all stay under 30 %
    assert "3 labels cannot all stay under 30%" in " ".join(report["notes"])
    refused = curator("balance", "--dataset", "support", "--cap", "0.2")
    assert refused.code == 2
    assert "at least 1 divided by the number of labels" in refused.json["error"]


def test_a_cap_is_applied_by_a_decision_and_the_final_set_keeps_it(curator: Curator, tmp_path: Path) -> None:
    rows = [{"id": f"x{i}", "text": f"I want my money back for order {i}", "label": "refund"} for i in range(120)]
    extra = write_jsonl(tmp_path / "more.jsonl", rows)
    curator.ok("ingest", extra, "--dataset", "support", "--labeler", "gpt", "--map", "input=text,label=label,id=id")
    curator.ok("embed", "--dataset", "support")
    assert curator("balance", "--dataset", "support", "--cap", "0.4", "--apply").code == 2  # nobody took the decision
    done = curator.ok("balance", "--dataset", "support", "--cap", "0.4", "--apply", "--reviewer", "ana")
    assert done["left_out"] == len(done["external_ids"]) == sum(done["drop"].values()) > 0
    after = curator.ok("balance", "--dataset", "support", "--cap", "0.4")
    assert after["largest_share"] <= 0.4
    assert after["drop"] == {}
    assert curator.ok("dataset", "show", "support")["out"] == {"excluded": done["left_out"]}


def test_a_cap_can_be_written_for_decide(curator: Curator, tmp_path: Path) -> None:
    file = tmp_path / "cap.jsonl"
    planned = curator.ok("balance", "--dataset", "support", "--cap", "0.35", "--out", file, "--reviewer", "ana")
    assert planned["left_out"] == 0
    decided = curator.ok("decide", file, "--dataset", "support")
    assert decided["rows"] == len(planned["external_ids"])


def test_coverage_names_what_the_logs_have_and_the_dataset_lacks(curator: Curator) -> None:
    report = curator.ok("coverage", "--dataset", "support", "--reference", "logs")
    found = report["coverage"]
    assert 0.3 < found["coverage"] < 0.7
    assert found["low"] < found["coverage"] < found["high"]
    worst = found["regions"][0]
    assert worst["covered"] == 0.0
    assert "password" in worst["name"] or "hackers" in worst["name"]
    assert worst["collect"] > 0
    assert all(example.startswith("n") for example in worst["examples"])


def test_coverage_without_logs_says_how_to_bring_them(curator: Curator) -> None:
    answer = curator("coverage", "--dataset", "support")
    assert answer.code == 3
    assert "--reference NAME" in answer.json["error"]


def test_the_learning_curve_answers_and_says_what_it_was_judged_on(curator: Curator) -> None:
    report = curator.ok("curve", "--dataset", "support")
    assert report["judged_on"] == "labels"
    points = report["curve"]["curves"]["current"]
    assert [p["rows"] for p in points] == sorted(p["rows"] for p in points)
    assert points[-1]["rows"] == report["train_rows"]
    assert all(p["accuracy"]["low"] <= p["accuracy"]["value"] <= p["accuracy"]["high"] for p in points)
    assert report["curve"]["advice"]
    assert "only 0 test rows are reviewed" in report["notes"][0]


def test_figures_of_each_version_are_kept(curator: Curator) -> None:
    nothing = curator("figures", "--dataset", "logs")
    assert nothing.code == 3
    waiver = ("--waive", "certificate", "--waive", "contradictions", "--waive", "test_reviewed", "--why", "a try")
    curator.ok("release", "support", *waiver)
    (first,) = curator.ok("figures", "--dataset", "support")["versions"]
    assert first["version"] == 1
    assert first["labels"] == 3
    assert first["findings"] >= 0
    assert first["label_error_at_most"] is None


def test_what_is_next_to_annotate_is_no_row_that_people_reviewed(curator: Curator, tmp_path: Path) -> None:
    plan = curator.ok("plan", "--dataset", "support", "--reviews", 40, "--max-error", 0.5)
    accepted = [{"task_id": t["task_id"], "reviewer": "ana", "verdict": "accept"} for t in plan["tasks"]]
    curator.ok("review", "import", write_jsonl(tmp_path / "accepted.jsonl", accepted), "--plan", plan["plan"])
    every = curator.ok("select", "--dataset", "support", "--n", "9999", "--method", "facility")["external_ids"]
    unlike = curator.ok("select", "--dataset", "support", "--n", "9999", "--method", "kcenter")["external_ids"]
    assert set(unlike) < set(every)
    assert len(every) - len(unlike) == len(accepted)


def test_select_and_findings_are_narrowed_by_a_column_that_was_kept_with_rows(curator: Curator, tmp_path: Path) -> None:
    with (curator.project.parent / "support.csv").open(newline="", encoding="utf-8") as handle:
        known = list(csv.DictReader(handle))[:100]
    rows = [
        {"id": row["id"], "text": row["text"], "channel": "chat" if place % 4 else "mail"}
        for place, row in enumerate(known)
    ]
    curator.ok("ingest", write_jsonl(tmp_path / "channel.jsonl", rows), "--dataset", "support")
    mail = {row["id"] for row in rows if row["channel"] == "mail"}
    chosen = curator.ok("select", "--dataset", "support", "--n", 9999, "--method", "random", "--where", "channel=mail")
    assert set(chosen["external_ids"]) <= mail
    assert chosen["selected"] > 0
    assert chosen["notes"] == [f"{chosen['lacking']['channel']:,} rows have no column 'channel' and are not among them"]
    every = curator.ok("findings", "--dataset", "support")
    found = curator.ok("findings", "--dataset", "support", "--where", "channel=mail")
    wanted = [f["finding_id"] for f in every["findings"] if mail & set(f["external_ids"])]
    assert [f["finding_id"] for f in found["findings"]] == wanted
    assert 0 < len(wanted) < len(every["findings"])
    assert found["lacking"]["channel"] > 100
    first = curator.ok("findings", "--dataset", "support", "--where", "channel=mail", "--limit", 1)
    assert [f["finding_id"] for f in first["findings"]] == wanted[:1]
    for command in (("select", "--n", 5), ("findings",)):
        unknown = curator(*command, "--dataset", "support", "--where", "chanel=mail")
        assert (unknown.code, "the metadata columns are channel" in unknown.json["error"]) == (2, True)


def test_a_column_that_was_kept_with_rows_is_balanced_and_capped_as_labels_are(tmp_path: Path) -> None:
    curator, _ = make_project(tmp_path)
    with (tmp_path / "support.csv").open(newline="", encoding="utf-8") as handle:
        known = list(csv.DictReader(handle))
    rows = [{"id": row["id"], "text": row["text"], "year": 2020 + place % 4 // 3} for place, row in enumerate(known)]
    curator.ok("ingest", write_jsonl(tmp_path / "year.jsonl", rows[:200]), "--dataset", "support")
    before = curator.ok("balance", "--dataset", "support", "--by", "year", "--cap", "0.6")
    assert (before["by"], before["rows"], before["counts"]) == ("year", 200, {"2020": 150, "2021": 50})
    assert {value: sum(labels.values()) for value, labels in before["labels_by"].items()} == before["counts"]
    assert before["notes"][0] == f"{len(rows) - 200:,} rows have no value in column 'year' and are not counted"
    assert before["drop"] == {"2020": 75}
    assert before["collect_labels"] == {}
    curator.ok("balance", "--dataset", "support", "--by", "year", "--cap", "0.6", "--apply", "--reviewer", "ana")
    after = curator.ok("balance", "--dataset", "support", "--by", "year", "--cap", "0.6")
    assert (after["counts"], after["drop"]) == ({"2020": 75, "2021": 50}, {})
    refused = curator("balance", "--dataset", "support", "--by", "year", "--cap", "0.2")
    assert (refused.code, "cannot hold with 2 values of 'year'" in refused.json["error"]) == (2, True)
    unknown = curator("balance", "--dataset", "support", "--by", "yaer")
    assert (unknown.code, unknown.json["error"]) == (
        2,
        "no row has a metadata column 'yaer'; the metadata columns are year",
    )
