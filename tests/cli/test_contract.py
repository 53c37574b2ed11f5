"""What every command promises: one JSON object, an exit code, and which project it works on."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.analysis import check
from tests.cli.command import TASK, Curator, make_project, run, write_jsonl
from tests.pipelines.intake.fake_openai import KEY, serve

ROOT = Path(__file__).parents[2]
TARGET = TASK.replace('kind = "classification"', 'kind = "classification"\nmax_error = 0.01')


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished small project with a target, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    make_project(folder, task=TARGET)
    return folder / "project"


@pytest.fixture
def curator(made: Path, tmp_path: Path) -> Curator:
    shutil.copytree(made, tmp_path / "project")
    return Curator(tmp_path / "project")


def second_labeler(curator: Curator, folder: Path) -> None:
    rows = [{"id": "q0", "text": "unused", "label": "refund"}]
    rows[0]["text"] = _text_of(curator, "q0")
    curator.ok("ingest", write_jsonl(folder / "more.jsonl", rows), "--labeler", "ana", "--source", "teacher")


def _text_of(curator: Curator, external_id: str) -> str:
    from pipelines.runtime.settings import load
    from storage.dataset import examples

    rows = examples.frame(load(curator.project).store, "support")
    return str(rows.filter(rows["external_id"] == external_id)["text"].item())


READING = [
    ("dataset", "list"),
    ("dataset", "show", "support"),
    ("check",),
    ("plan", "--reviews", "20"),
    ("plan", "--purpose", "find", "--reviews", "20"),
    ("versions", "list", "support"),
    ("pairs", "build"),
    ("pairs", "check"),
    ("runs",),
    ("doctor",),
]
FAILING = [
    (2, ("dataset", "show", "nothing")),
    (2, ("check", "--dataset", "nothing")),
    (2, ("check", "--labeler", "nobody")),
    (2, ("findings",)),
    (2, ("findings", "--format", "xml")),
    (2, ("plan", "--purpose", "guess")),
    (2, ("plan", "--reviews", "0")),
    (2, ("plan", "--max-error", "2")),
    (2, ("plan", "--risk-reviews", "-1")),
    (2, ("pull", "--plan", "plan_none")),
    (2, ("release", "support", "--format", "papyrus")),
    (2, ("release", "support", "--labels", "mine")),
    (2, ("release", "support", "--waive", "certificate")),
    (2, ("release", "support", "--waive", "gravity", "--why", "x")),
    (2, ("versions", "diff", "support", "support@2")),
    (2, ("versions", "rebuild", "support@1", "--out", "x")),
    (2, ("ingest", "none.csv")),
    (2, ("ingest", "none.csv", "--map", "colour=x")),
    (2, ("ingest", "none.csv", "--source", "thin-air")),
    (2, ("label",)),
    (2, ("bench", "everything")),
    (2, ("no-such-command",)),
    (2, ("plan", "--no-such-option")),
    (2, ("dataset",)),
    (3, ("cluster",)),
    (3, ("select", "--n", "5")),
    (3, ("certify",)),
    (3, ("agreement",)),
]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_command_that_succeeds_prints_one_json_object(curator: Curator, arguments: tuple[str, ...]) -> None:
    assert isinstance(curator.ok(*arguments), dict)


@pytest.mark.parametrize(("code", "arguments"), FAILING, ids=lambda x: " ".join(x) if isinstance(x, tuple) else str(x))
def test_a_command_that_fails_prints_one_json_object_and_the_reason(
    curator: Curator, code: int, arguments: tuple[str, ...]
) -> None:
    answer = curator(*arguments)
    assert answer.code == code, answer.out + answer.err
    assert answer.json["exit_code"] == code
    assert answer.json["error"]
    assert answer.json["error"].splitlines()[0] in answer.err
    assert "Traceback" not in answer.err


def test_without_json_standard_output_is_for_people_and_errors_are_not_on_it(curator: Curator) -> None:
    shown = run("dataset", "list", "--project", curator.project)
    assert shown.out == "support: 242 rows, 242 labelled\n"
    failed = run("dataset", "show", "nothing", "--project", curator.project)
    assert (failed.code, failed.out) == (2, "")
    assert failed.err.startswith("curator: no dataset 'nothing'; there are: support;")


@pytest.mark.parametrize(
    "place",
    [
        lambda p: ("--json", "--project", p, "dataset", "list"),
        lambda p: ("dataset", "--json", "list", "--project", p),
        lambda p: ("dataset", "list", f"--project={p}", "--json"),
    ],
)
def test_json_and_project_may_stand_anywhere(curator: Curator, place: object) -> None:
    answer = run(*place(curator.project))  # type: ignore[operator]
    assert answer.json["datasets"][0]["dataset"] == "support"


def test_the_project_is_the_named_one_else_the_environments_else_the_nearest_upwards(
    curator: Curator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Curator(tmp_path / "other")
    other.ok("init")
    deep = curator.project / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.delenv("CURATOR_PROJECT", raising=False)
    monkeypatch.chdir(deep)
    assert len(run("dataset", "list", "--json").json["datasets"]) == 1
    monkeypatch.setenv("CURATOR_PROJECT", str(other.project))
    assert run("dataset", "list", "--json").json["datasets"] == []
    assert len(run("dataset", "list", "--json", "--project", curator.project).json["datasets"]) == 1
    monkeypatch.delenv("CURATOR_PROJECT")
    monkeypatch.chdir(tmp_path)
    lost = run("dataset", "list", "--json")
    assert (lost.code, lost.json["kind"]) == (2, "NotFoundError")
    assert "curator init" in lost.json["error"]
    assert run("dataset", "list", "--json", "--project", tmp_path / "nowhere").code == 2


def test_init_twice_leaves_the_project_as_it_was(curator: Curator) -> None:
    before = (curator.project / "curator.toml").read_text()
    assert curator.ok("init")["created"] is False
    assert (curator.project / "curator.toml").read_text() == before
    assert curator.ok("dataset", "list")["datasets"][0]["rows"] == 242


def test_a_project_file_that_cannot_be_read_is_a_wrong_request(curator: Curator) -> None:
    (curator.project / "curator.toml").write_text("[project\n")
    assert curator("dataset", "list").code == 2
    (curator.project / "curator.toml").write_text("[project]\nstore = 3\n")
    assert "expected text" in curator("dataset", "list").json["error"]


def test_a_newer_store_is_refused_with_what_to_do(curator: Curator) -> None:
    from pipelines.runtime.settings import load

    with load(curator.project).store.transaction() as connection:
        connection.rows("insert into migration values (999, 'from the future')")
    answer = curator("dataset", "list")
    assert (answer.code, answer.json["kind"]) == (2, "StoreError")
    assert "upgrade Curator" in answer.json["error"]


def test_a_bug_of_ours_is_70_with_its_trace_on_standard_error(
    curator: Curator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("seven by nothing")

    monkeypatch.setattr(check, "run", broken)
    answer = curator("check")
    assert (answer.code, answer.json["exit_code"]) == (70, 70)
    assert "seven by nothing" in answer.json["error"]
    assert "Traceback" in answer.err


def test_strict_ingest_says_no_when_a_row_is_rejected_and_still_takes_the_good_ones(
    curator: Curator, tmp_path: Path
) -> None:
    file = write_jsonl(tmp_path / "x.jsonl", [{"id": "n1", "text": "fine"}, {"id": "n2", "text": ""}])
    answer = curator("ingest", file, "--strict")
    assert (answer.code, answer.json["added"], answer.json["rejected"]) == (1, 1, 1)
    assert answer.json["by_reason"] == {"empty_text": 1}
    assert Path(answer.json["rejects_file"]).is_file()
    assert curator("ingest", file).code == 0


def test_several_labelers_must_be_told_apart(curator: Curator, tmp_path: Path) -> None:
    second_labeler(curator, tmp_path)
    for arguments in (("check",), ("plan", "--reviews", "10"), ("release", "support")):
        answer = curator(*arguments)
        assert answer.code == 2, arguments
        assert "--labeler" in answer.json["error"]
        assert "ana, gpt" in answer.json["error"]
    assert curator.ok("check", "--labeler", "gpt")["labeler"] == "gpt"
    assert curator.ok("plan", "--reviews", "10", "--labeler", "gpt")["labeler"] == "gpt"


def test_several_datasets_must_be_named(curator: Curator, tmp_path: Path) -> None:
    (tmp_path / "task.toml").write_text(TASK.replace("support", "other"))
    curator.ok("dataset", "create", "other", "--task", tmp_path / "task.toml")
    answer = curator("check")
    assert answer.code == 2
    assert "other, support" in answer.json["error"]


@pytest.mark.parametrize("name", ["a@b", "a/b", "a b", ""])
def test_a_dataset_name_that_could_be_no_folder_is_refused(curator: Curator, tmp_path: Path, name: str) -> None:
    (tmp_path / "task.toml").write_text(TASK)
    assert curator("dataset", "create", name, "--task", tmp_path / "task.toml").code == 2


def test_a_gate_that_fails_says_no_and_writes_nothing(curator: Curator) -> None:
    answer = curator("release", "support")
    assert (answer.code, answer.json["version"], answer.json["created"]) == (1, None, False)
    failed = [g["name"] for g in answer.json["gates"] if g["passed"] is False]
    assert failed == ["certificate"]
    assert not (curator.project / "releases").exists()
    assert curator.ok("versions", "list", "support")["versions"] == []


def test_a_gate_is_waived_by_name_with_a_reason_that_the_manifest_keeps(curator: Curator) -> None:
    waived = ("release", "support", "--waive", "certificate", "--why", "a trial", "--who", "ana")
    report = curator.ok(*waived)
    assert (report["version"], report["status"]) == ("support@1", "UNCERTIFIED")
    manifest = json.loads((Path(report["path"]) / "manifest.json").read_bytes())
    assert manifest["waivers"] == [{"gate": "certificate", "who": "ana", "why": "a trial"}]
    assert curator.ok(*waived)["created"] is False
    assert curator("release", "support", "--out", report["path"]).code == 1, "and it waives for that release alone"


def test_a_folder_in_the_way_of_a_release_is_never_overwritten(curator: Curator, tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "mine.txt").write_text("keep me")
    answer = curator("release", "support", "--waive", "certificate", "--why", "x", "--out", place)
    assert answer.code == 2
    assert [p.name for p in place.iterdir()] == ["mine.txt"]


def test_a_missed_target_is_a_no(curator: Curator, tmp_path: Path) -> None:
    from tests.cli.command import proposals

    plan = curator.ok("plan", "--reviews", "20")
    given = proposals(curator, plan["plan"])
    rows = [
        {"task_id": task, "reviewer": "ana", "verdict": "accept", "value": value, "blind": True}
        for task, value in given.items()
    ]
    curator.ok("review", "import", write_jsonl(tmp_path / "r.jsonl", rows), "--plan", plan["plan"])
    answer = curator("certify")
    assert (answer.code, answer.json["status"]) == (1, "UNCERTIFIED")
    assert "the target is 1.00 %" in answer.json["why"][0]


@pytest.mark.slow
def test_the_installed_script_prints_only_json_on_standard_output(curator: Curator) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "check", "--json"],
        cwd=curator.project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] == 242


def test_a_teacher_that_refuses_the_key_is_a_failure_of_the_outside(
    curator: Curator, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(lambda text, before: (200, "refund")) as fake:
        monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-wrong")
        answer = curator("label", "--teacher", "tiny", "--limit", "5")
        assert (answer.code, answer.json["kind"]) == (4, "TeacherError")
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        assert curator.ok("label", "--teacher", "tiny", "--limit", "5")["labeled"] == 5
    assert "sk-wrong" not in (curator.project / "curator.duckdb").read_bytes().decode("latin-1")
