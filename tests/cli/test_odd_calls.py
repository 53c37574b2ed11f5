"""Commands as an outsider runs them."""

import json
import math
from pathlib import Path

import pytest

from pipelines.admin import doctor
from pipelines.cli import main
from storage.dataset import examples
from storage.engine.store import Store


def test_labelers_who_share_rows_have_an_agreement_without_any_review(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    task, file = tmp_path / "t.toml", tmp_path / "crowd.csv"
    task.write_text('name = "t"\nlabels = ["0", "1"]\n')
    rows = [
        f"{i},question {i},{who},{i % 2 if who != 'cy' or i else 1}" for i in range(20) for who in ("an", "bo", "cy")
    ]
    file.write_text("id,text,labeler,label\n" + "\n".join(rows) + "\n")
    project = ["--project", str(tmp_path / "p")]
    assert main(["init", *project]) == 0
    assert main(["dataset", "create", "d", "--task", str(task), *project]) == 0
    assert main(["ingest", str(file), *project]) == 0
    capsys.readouterr()
    assert main(["agreement", "--json", *project]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["of"], report["items"], report["raters"], report["ratings"]) == ("labels", 20, 3, 60)
    raw = next(c for c in report["overall"] if c["name"] == "raw agreement")
    assert math.isclose(raw["value"], 1 - (2 / 3) / 20)


def test_doctor_says_that_a_named_project_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--project", str(tmp_path / "none")]) == 2
    assert "no Curator project" in capsys.readouterr().err
    assert doctor.examine(None).project is None


@pytest.mark.parametrize(
    "wrong", [["--price-in", "-3", "--as-of", "2026-11-01"], ["--price-in", "3", "--as-of", "May"]]
)
def test_a_price_below_zero_or_without_its_day_is_a_wrong_request(wrong: list[str]) -> None:
    assert main(["cost", "--price-out", "15", "--tokens-in", "500", "--tokens-out", "20", *wrong]) == 2


def test_rows_that_another_process_brought_in_meanwhile_count_as_unchanged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    task, file = tmp_path / "t.toml", tmp_path / "rows.jsonl"
    task.write_text('name = "t"\nlabels = ["0", "1"]\n')
    file.write_text("".join(json.dumps({"text": f"row {i}", "label": i % 2}) + "\n" for i in range(5)))
    project = ["--project", str(tmp_path / "p")]
    assert main(["init", *project]) == 0
    assert main(["dataset", "create", "d", "--task", str(task), *project]) == 0
    assert main(["ingest", str(file), *project]) == 0

    now_known, looks = examples.known, []

    def as_known_before_the_other_process_wrote(store: Store, dataset: str) -> dict[str, tuple[str, str]]:
        looks.append(dataset)
        return {} if len(looks) == 1 else now_known(store, dataset)

    monkeypatch.setattr(examples, "known", as_known_before_the_other_process_wrote)
    capsys.readouterr()
    assert main(["ingest", str(file), "--json", *project]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["added"], report["unchanged"]) == (0, 5)
