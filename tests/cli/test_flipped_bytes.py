"""A release folder in which one byte is another is no intact release, whichever file and byte it is."""

import json
import random
from pathlib import Path

from tests.cli.command import Curator

TASK = 'name = "t"\nkind = "classification"\n[labels]\nyes = ""\nno = ""\n'
WAIVED = ("--waive", "certificate,test_reviewed", "--why", "a test")


def test_any_flipped_byte_of_any_file_fails_and_the_folder_as_it_was_passes(tmp_path: Path) -> None:
    curator = Curator(tmp_path / "project")
    curator.ok("init", tmp_path / "project")
    (tmp_path / "task.toml").write_text(TASK, encoding="utf-8")
    rows = [
        {"id": f"r{n}", "text": f"{n * 7919:x} and {n * 104729:b}", "label": ("yes", "no")[n % 2]} for n in range(40)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    curator.ok("dataset", "create", "t", "--task", tmp_path / "task.toml")
    curator.ok("ingest", tmp_path / "rows.jsonl", "--dataset", "t", "--map", "input=text,label=label,id=id")
    folder = Path(curator.ok("release", "t", "--format", "openai,trl,parquet", *WAIVED)["path"])
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    assert {file.suffix for file in files} >= {".json", ".jsonl", ".parquet", ".md", ".py"}
    chance = random.Random(15)
    for file in files:
        whole = file.read_bytes()
        for place in {0, len(whole) - 1, *(chance.randrange(len(whole)) for _ in range(3))}:
            bit = 1 << chance.randrange(8)
            file.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
            answer = curator("versions", "verify", folder)
            assert answer.code != 0, f"{file.name}: bit {bit} of byte {place}"
            assert answer.code != 70
        file.write_bytes(whole)
    assert curator.ok("versions", "verify", folder)["valid"] is True
