"""Every door that a name comes in by refuses the same names, and nothing is ever written outside the project."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from curator.errors import CuratorError, NotFoundError, RequestError
from curator.records import make_task, one_spelling, same_person
from curator.review import dataset_name
from pages.data.parts import upload
from pipelines.admin import backup, users
from pipelines.analysis import decide
from pipelines.cli.datasets import dataset_create
from pipelines.intake import ingest
from pipelines.intake.ingest import IngestConfig
from pipelines.intake.preview import keep_upload
from pipelines.release import export, release
from pipelines.release.release import ReleaseConfig
from pipelines.review import answers, plan, send
from pipelines.runtime import jobs
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.dataset import datasets, examples
from storage.release import versions

HOSTILE = (
    "../outside",
    "/tmp/outside",
    "..",
    "a/b",
    "a\\b",
    "a\nb",
    "a\u202eb",
    "a\x00b",
    "x" * 300,
    "nul",
    "-x",
    "a@1",
)
TASK = {"name": "t", "labels": ["a", "b"]}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    made = project_settings.init(tmp_path / "around" / "project")[0]
    monkeypatch.setenv("CURATOR_PROJECT", str(made.project))
    return made


def by_command(settings: Settings, name: str) -> None:
    file = settings.project / "task.toml"
    file.write_text('name = "t"\nlabels = ["a", "b"]', encoding="utf-8")
    dataset_create(name, file)


def by_page(settings: Settings, name: str) -> None:
    rows = settings.project / "rows.csv"
    rows.write_text("text,label\nhello,a\nbad,c\n", encoding="utf-8")
    upload._create(settings, name, "teacher", None, rows, {"input": "text", "label": "label"}, dict(TASK))


def by_store(settings: Settings, name: str) -> None:
    datasets.create(settings.store, name, make_task(TASK))


def by_version(_: Settings, name: str) -> None:
    versions.parse("x@" + name.replace("@1", "²"))


def by_labeler(settings: Settings, name: str) -> None:
    datasets.create(settings.store, "x", make_task(TASK))
    ingest.run(IngestConfig("x", (), labeler=name + "\u202e"), settings.store)


def by_job(settings: Settings, name: str) -> None:
    if jobs.get(settings.project, f"../{name}") is None:
        raise NotFoundError


DOORS: dict[str, Callable[[Settings, str], None]] = {
    "curator dataset create": by_command,
    "the upload page": by_page,
    "the store": by_store,
    "a version's number": by_version,
    "a labeler": by_labeler,
    "a job's id": by_job,
}


def everything(settings: Settings) -> set[Path]:
    around = settings.project.parent
    return {path for path in around.rglob("*") if not path.is_relative_to(settings.project)}


@pytest.mark.parametrize("door", DOORS)
def test_a_hostile_name_is_refused_at_every_door(door: str, settings: Settings) -> None:
    before = everything(settings)
    for name in HOSTILE:
        with pytest.raises(CuratorError):
            DOORS[door](settings, name)
    assert [name for name in datasets.names(settings.store) if name in HOSTILE] == []
    assert everything(settings) == before


@pytest.mark.parametrize("name", ["../outside", "a/b", "..", "x y"])
def test_a_dataset_that_was_named_before_names_were_checked_stays_in_its_project(name: str, settings: Settings) -> None:
    task = make_task(TASK)
    datasets.create(settings.store, "plain", task)
    old = pl.DataFrame({"dataset": [name], "task_hash": [task.content_hash]})
    with settings.store.transaction() as connection:
        connection.append("dataset", old)
    before = everything(settings)
    rows = settings.project / "rows.csv"
    lines = [f"row {n},{'ab'[n % 2]}" for n in range(20)]
    rows.write_text("\n".join(["text,label", *lines, "bad,c", ""]), encoding="utf-8")
    report = ingest.run(IngestConfig(name, (rows,)), settings.store)
    assert (report.added, report.rejected) == (20, 1)
    assert report.rejects_file is not None
    assert Path(report.rejects_file).parent == settings.project / "rejects"
    gates = ("certificate", "test_reviewed", "contradictions", "format", "leak")
    made = release.run(ReleaseConfig(name, waive=gates, why="a test"), settings.store, settings.releases)
    assert made.path is not None
    assert Path(made.path).resolve().parent.parent == settings.releases
    assert everything(settings) == before
    assert datasets.create(settings.store, name, make_task(TASK | {"rubric": "new"}))  # it goes on under its name


@pytest.mark.parametrize("name", HOSTILE)
def test_an_upload_and_a_board_get_a_harmless_form_of_a_name(name: str, settings: Settings) -> None:
    before = everything(settings)
    kept = keep_upload(settings.project, name, b"text\nhello\n")
    assert kept.resolve().is_relative_to(settings.project / "uploads")
    assert everything(settings) == before
    assert set(dataset_name(name, "plan_1")) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


@pytest.mark.parametrize("key", ["rubric_file", "schema"])
@pytest.mark.parametrize("named", ["../secret", "{absolute}"])
def test_a_task_file_reads_no_file_outside_its_folder(key: str, named: str, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(json.dumps({"type": "string"}), encoding="utf-8")
    folder = tmp_path / "task"
    folder.mkdir()
    path = named.format(absolute=tmp_path / "secret")
    file = folder / "task.toml"
    file.write_text(f'name = "t"\nkind = "extraction"\n{key} = "{path}"', encoding="utf-8")
    with pytest.raises(CuratorError, match="outside its folder"):
        dataset_create("x", file)
    (folder / "secret").symlink_to(tmp_path / "secret")
    file.write_text(f'name = "t"\nkind = "extraction"\n{key} = "secret"', encoding="utf-8")
    with pytest.raises(CuratorError, match="outside its folder"):
        dataset_create("x", file)


HIDDEN = ("a\nb", "a\u202eb", "a\x1bb", "x" * 600)


def by_init(folder: Path, _: Settings) -> None:
    project_settings.init(folder)


def by_release(folder: Path, settings: Settings) -> None:
    release.run(ReleaseConfig("x", out=folder), settings.store, settings.project / "releases")


def by_rebuild(folder: Path, settings: Settings) -> None:
    release.rebuild("x@1", settings.store, folder)


def by_export(folder: Path, settings: Settings) -> None:
    export.run(export.ExportConfig("x", folder.with_name(f"{folder.name}.csv")), settings.store)


def by_backup(folder: Path, settings: Settings) -> None:
    backup.backup(settings, folder)


def by_restore(folder: Path, settings: Settings) -> None:
    backup.restore(settings.project.parent / "kept", folder)


@pytest.mark.parametrize("name", HIDDEN, ids=["line", "direction", "escape", "long"])
@pytest.mark.parametrize("door", [by_init, by_release, by_rebuild, by_export, by_backup, by_restore])
def test_no_folder_or_file_is_made_whose_name_shows_as_another(
    door: Callable[[Path, Settings], None], name: str, settings: Settings
) -> None:
    datasets.create(settings.store, "x", make_task(TASK))
    if door is by_restore:
        backup.backup(settings, settings.project.parent / "kept")
    before = everything(settings)
    for place in (settings.project.parent / name, settings.project.parent / name / "below"):
        with pytest.raises(RequestError, match=r"invisible character|characters, at most"):
            door(place, settings)
    assert everything(settings) == before


def says(settings: Settings, name: str) -> list[tuple[str, dict[str, int]]]:
    """What a name that shows as another's meets at each door that a person's word comes in by."""
    store, folder = settings.store, settings.project
    plan_id = plan.run(plan.PlanConfig("x", reviews=4), store).plan
    task = store.rows("select task from review_task limit 1")[0][0]
    lines = {
        "review.jsonl": {"task_id": task, "reviewer": name, "verdict": "edit", "value": "a"},
        "decide.jsonl": {"external_ids": ["1"], "action": "relabel", "value": "a", "reviewer": name},
    }
    for file, line in lines.items():
        (folder / file).write_text(json.dumps(line) + "\n", encoding="utf-8")
    return [
        ("review import", answers.import_file(folder / "review.jsonl", plan_id, store).by_reason),
        ("decide", decide.run(decide.DecideConfig(folder / "decide.jsonl", "x"), store).by_reason),
    ]


@pytest.mark.parametrize("name", ["an\u202ea", "ana\x1b[31m", "a\u2060na", "x" * 600])
def test_nobody_speaks_under_a_name_that_shows_as_anothers(name: str, settings: Settings) -> None:
    datasets.create(settings.store, "x", make_task(TASK))
    rows = settings.project / "rows.csv"
    rows.write_text("id,text,label\n" + "".join(f"{n},text {n},{'ab'[n % 2]}\n" for n in range(20)), encoding="utf-8")
    ingest.run(IngestConfig("x", (rows,)), settings.store)
    for door, by_reason in says(settings, name):
        assert by_reason == {"bad_reviewer": 1}, door
    ids = tuple(examples.frame(settings.store, "x")["example_id"].head(2))
    with pytest.raises(RequestError, match=r"invisible character|at most"):
        send.run(send.SendConfig("x", ids, "a look", name), settings.store)
    with pytest.raises(RequestError):
        users.add(settings.store, name, "reviewer")
    assert settings.store.rows("select count(*) from review") == settings.store.rows("select count(*) from decision")
    assert settings.store.rows("select count(*) from user_role") == [(0,)]


def test_a_name_that_differs_in_what_does_not_show_is_no_second_person() -> None:
    assert same_person("Ana", "a\u200dn\u2060a")
    assert one_spelling(["a\u202ena"], known=["Ana"]) == {"a\u202ena": "Ana"}
