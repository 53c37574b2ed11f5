"""What trains, validates and tests, from the files to the released folders."""

import json
from pathlib import Path

from tests.cli.command import Curator

TASK = 'name = "t"\nkind = "classification"\n[labels]\nyes = ""\nno = ""\n'
WAIVED = ("--waive", "certificate,test_reviewed,variety,content", "--why", "a test")
THINGS = ("sofa", "lamp", "tent", "phone", "kettle", "chair", "radio", "stove", "mirror", "ladder")
SHOPS = ("north", "south", "upper", "inner", "second")
OPENINGS = ("please cancel", "who delivers", "may I return", "where is my", "why was the", "do you repair the")
CLOSINGS = (
    "bought in the {} shop today",
    "that the {} shop sold to me",
    "seen at the {} shop",
    "from your {} shop then",
)


def templated() -> list[str]:
    """1,200 texts of 24 sentences with two slots each."""
    return [
        f"{opening} {thing} {closing.format(shop)}"
        for opening in OPENINGS
        for closing in CLOSINGS
        for thing in THINGS
        for shop in SHOPS
    ]


def project(path: Path, rows: list[dict[str, str]]) -> Curator:
    curator = Curator(path / "project")
    curator.ok("init", path / "project")
    (path / "task.toml").write_text(TASK, encoding="utf-8")
    (path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    curator.ok("dataset", "create", "t", "--task", path / "task.toml")
    curator.ok("ingest", path / "rows.jsonl", "--dataset", "t", "--map", "input=text,label=label,id=id")
    return curator


def texts(folder: str, split: str) -> list[str]:
    lines = Path(folder, "openai", "sft", f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["messages"][-2]["content"] for line in lines]


def test_a_random_split_of_templated_rows_needs_a_waiver_and_a_drawn_one_keeps_templates_apart(tmp_path: Path) -> None:
    rows = [
        {"id": f"r{n}", "text": text, "label": ("yes", "no")[n % 2], "split": "test" if n % 8 == 3 else "train"}
        for n, text in enumerate(templated())
    ]
    given = project(tmp_path / "given", rows)
    held = given("release", "t", "--format", "openai", *WAIVED)
    (gate,) = [gate for gate in held.json["gates"] if gate["name"] == "templates"]
    assert held.code == 1
    assert gate["passed"] is False
    assert "150 of 150 test rows share a template with train" in gate["why"]
    assert given.ok("release", "t", "--format", "openai", "--waive", "templates", *WAIVED)["version"] == "t@1"

    drawn = project(tmp_path / "drawn", [{k: v for k, v in row.items() if k != "split"} for row in rows])
    made = drawn.ok("release", "t", "--format", "openai", "--validation", "0.1", *WAIVED)
    (gate,) = [gate for gate in made["gates"] if gate["name"] == "templates"]
    assert gate["passed"] is True
    assert sum(made["rows"].values()) == 1200
    assert all(made["rows"][split] > 50 for split in ("train", "validation", "test"))
    assert drawn.ok("versions", "rebuild", "t@1", "--out", tmp_path / "again")["identical"] is True


def test_validation_is_frozen_as_its_own_file_and_never_trains_or_tests(tmp_path: Path) -> None:
    rows = [
        {"id": f"r{n}", "text": f"{n} {'ab'[n % 2] * (n % 17 + 1)} {n * 7919:x}", "label": ("yes", "no")[n % 2]}
        for n in range(200)
    ]
    curator = project(tmp_path, rows)
    plan = curator.ok("plan", "--dataset", "t", "--validation", "0.15", "--reviews", "10")
    assert set(plan["splits"]) == {"train", "validation", "test"}
    assert plan["population"] == plan["splits"]["train"]
    made = curator.ok("release", "t", "--format", "openai,trl", *WAIVED)
    assert made["rows"] == plan["splits"]
    said = {split: texts(made["path"], split) for split in made["rows"]}
    assert {split: len(each) for split, each in said.items()} == made["rows"]
    assert len({text for each in said.values() for text in each}) == 200
    assert 'eval_dataset=data.get("validation")' in Path(made["path"], "trl", "train-sft.py").read_text(
        encoding="utf-8"
    )
    (tmp_path / "more.jsonl").write_text(
        json.dumps({"id": "new", "text": "a late row", "label": "yes"}), encoding="utf-8"
    )
    curator.ok("ingest", tmp_path / "more.jsonl", "--dataset", "t", "--map", "input=text,label=label,id=id")
    again = curator.ok("release", "t", "--format", "openai", *WAIVED)
    assert again["rows"] == {**made["rows"], "train": made["rows"]["train"] + 1}
    assert texts(again["path"], "validation") == said["validation"]


def test_validation_rows_come_with_their_file_and_a_late_wish_for_them_is_refused(tmp_path: Path) -> None:
    rows = [{"id": f"r{n}", "text": f"{n} words {n * 7919:x}", "label": "yes"} for n in range(60)]
    curator = project(tmp_path, rows)
    curator.ok("plan", "--dataset", "t", "--reviews", "5")
    late = curator("release", "t", "--validation", "0.1", *WAIVED)
    assert late.code == 3
    assert "all 60 rows were assigned before" in late.err
    held = [{"id": f"v{n}", "text": f"{n} others {n * 104729:x}", "label": "yes"} for n in range(12)]
    (tmp_path / "held.jsonl").write_text("\n".join(map(json.dumps, held)), encoding="utf-8")
    curator.ok(
        "ingest",
        tmp_path / "held.jsonl",
        "--dataset",
        "t",
        "--split",
        "validation",
        "--map",
        "input=text,label=label,id=id",
    )
    assert curator.ok("release", "t", "--format", "openai", *WAIVED)["rows"]["validation"] == 12
