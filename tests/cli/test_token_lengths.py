"""How long rows are, by a tokenizer that lies here."""

import json
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers

from tests.cli.command import Curator

TASK = 'name = "t"\nkind = "text"\n'
WAIVED = ("--waive", "certificate,test_reviewed,variety,content,templates", "--why", "a test", "--test-share", "0")


def words(folder: Path) -> Path:
    """A tokenizer that makes a token of each word, and comes with a limit of its own."""
    made = Tokenizer(models.WordLevel({"?": 0}, unk_token="?"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.enable_truncation(7)
    folder.mkdir()
    made.save(str(folder / "tokenizer.json"))
    return folder


def made(path: Path) -> Curator:
    curator = Curator(path / "project")
    curator.ok("init", path / "project")
    (path / "task.toml").write_text(TASK, encoding="utf-8")
    rows = [
        {"messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "w " * n}], "id": f"r{n}"}
        for n in range(1, 41)
    ]
    rows = [{**row, "label": "a b"} for row in rows]
    (path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    curator.ok("dataset", "create", "t", "--task", path / "task.toml")
    curator.ok("ingest", path / "rows.jsonl", "--dataset", "t")
    return curator


def test_check_and_release_say_how_long_rows_are_and_what_a_limit_would_cut(tmp_path: Path) -> None:
    curator, tokenizer = made(tmp_path), words(tmp_path / "by-words")
    options = ("--tokenizer", tokenizer, "--max-length", 34)
    found = curator.ok("check", "--dataset", "t", *options)["lengths"]
    assert (found["tokenizer"], found["rows"], found["whole"]["longest"], found["over"]) == ("by-words", 40, 44, 10)
    assert found["answer"] == {"median": 2, "p95": 2, "p99": 2, "longest": 2}
    released = curator.ok("release", "t", "--format", "openai", *options, *WAIVED)
    manifest = json.loads(Path(released["path"], "manifest.json").read_text(encoding="utf-8"))
    assert manifest["lengths"]["over"] == 10
    assert manifest["lengths"]["share_over"] == 0.25
    card = Path(released["path"], "README.md").read_text(encoding="utf-8")
    assert "10 of 40 rows (25.0%) are above 34" in card
    assert curator.ok("versions", "rebuild", "t@1", "--out", tmp_path / "again")["identical"] is True


def test_without_a_tokenizer_it_is_said_and_a_wrong_one_is_refused(tmp_path: Path) -> None:
    curator = made(tmp_path)
    found = curator.ok("check", "--dataset", "t")["lengths"]
    assert found["tokenizer"] is None
    assert "no base model is named" in found["why"]
    refused = curator("check", "--dataset", "t", "--tokenizer", tmp_path / "nowhere")
    assert refused.code == 2
    assert "nothing is fetched" in refused.err
    bad = tmp_path / "tokenizer.json"
    bad.write_text("{}", encoding="utf-8")
    refused = curator("check", "--dataset", "t", "--tokenizer", bad)
    assert refused.code == 2
    assert "is no tokenizer that the package tokenizers reads" in refused.err
