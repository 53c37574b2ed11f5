"""Commands about what a dataset is labelled for: task new, show, set, history, diff."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from curator.errors import NotFoundError, RequestError
from curator.records import Task, task_changes
from pipelines.cli.options import Dataset
from pipelines.cli.output import answer, counts, lines, settings
from pipelines.intake import task_edit, templates
from pipelines.intake.task_file import read_task, read_text
from storage.dataset import datasets
from storage.dataset.datasets import TaskVersion

task_app = typer.Typer(help="A dataset's task: rubric, labels, schema, target; and its versions.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.add_typer(task_app, name="task")


@task_app.command("new")
def task_new(
    file: Annotated[Path | None, typer.Argument(help="The task file to write; must not be there.")] = None,
    template: Annotated[
        str | None, typer.Option(help="One of the catalogue; without it, the catalogue is shown.")
    ] = None,
) -> int:
    """Begin a task file from the catalogue: labels or schema, rubric, hard cases, examples, what to measure."""
    if template is None:
        if file is not None:
            msg = f"which template is {file} to be made from? Name it with --template; `curator task new` lists them"
            raise RequestError(msg)
        found = templates.templates()
        told = [{"name": t.name, "kind": t.kind, "about": t.about, "measure": t.measure} for t in found]
        return answer({"templates": told}, text="\n".join(f"{t.name:<22} {t.kind:<15} {t.about}" for t in found))
    place = file or Path(f"{template}.toml")
    made = templates.write(template, place)
    text = lines(
        f"{place}: {made.about} Change it to your case, then: curator dataset create NAME --task {place}",
        f"measure: {made.measure}",
    )
    return answer({"file": place, "template": made.name, "kind": made.kind, "measure": made.measure}, text=text)


@task_app.command("show")
def task_show(
    dataset: Dataset = None,
    version: Annotated[int | None, typer.Option(min=1, help="Of `task history`; default the one in force.")] = None,
) -> int:
    """The definition in force, or an older one."""
    store = settings().store
    found = version_of(datasets.history(store, datasets.require(store, dataset)), version)
    told = found.task.as_json()
    text = lines(*(f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in told.items() if v not in (None, {}, [])))
    return answer({**_about(found), "task": told}, text=f"version {found.number}\n{text}")


@task_app.command("set")
def task_set(
    dataset: Dataset = None,
    file: Annotated[Path | None, typer.Option("--file", help="A whole task file (TOML), as `dataset create`.")] = None,
    rubric: Annotated[str | None, typer.Option(help="The rubric's text.")] = None,
    rubric_file: Annotated[Path | None, typer.Option(help="A file with the rubric's text.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="NAME=DEFINITION: a new label, or a new definition. Repeatable.")
    ] = None,
    drop_label: Annotated[list[str] | None, typer.Option(help="A label that is no more. Repeatable.")] = None,
    schema: Annotated[Path | None, typer.Option(help="A file with the JSON schema of answers.")] = None,
    max_error: Annotated[float | None, typer.Option(help="The label error that a release may have, 0..1.")] = None,
    confidence: Annotated[float | None, typer.Option(help="Of its bound, 0..1.")] = None,
) -> int:
    """Change the task. Each change is a version; what was labelled under other rules is stale, and counted.

    Labels and reviews stay. `curator label` asks the teacher about stale rows alone.
    """
    given = (rubric, rubric_file, label, drop_label, schema, max_error, confidence)
    if (file is None) == all(each is None or each == [] for each in given):
        msg = "give either --file with a whole task file, or the parts to change (--rubric, --label …; see --help)"
        raise RequestError(msg)
    if rubric is not None and rubric_file is not None:
        msg = "--rubric and --rubric-file are two rubrics; give one"
        raise RequestError(msg)
    store = settings().store
    name = datasets.require(store, dataset)
    parts: dict[str, Any] = {"max_error": max_error, "confidence": confidence}
    parts = {key: value for key, value in parts.items() if value is not None}
    if rubric is not None or rubric_file is not None:
        parts["rubric"] = rubric if rubric_file is None else read_text(rubric_file)
    if schema is not None:
        parts["schema"] = read_text(schema)

    def change(task: Task) -> Task:
        if file is not None:
            return read_task(file)
        return task_edit.edited(task, **parts, labels=_labels(task, label or (), drop_label or ()))

    report = task_edit.run(task_edit.EditConfig(name, change), store)
    text = lines(
        f"{name}: version {report.version} of the task is in force" + ("" if report.changed else ", as before"),
        *(change.sentence() for change in report.changes),
        report.stale.sentence(),
        counts("rows with a label that is no more", report.unfit),
    )
    told = {**_plain(report), "stale": report.stale.as_json()}
    return answer(told, text=text)


def _plain(report: task_edit.EditReport) -> dict[str, Any]:
    return {"dataset": report.dataset, "version": report.version, "changed": report.changed,
            "changes": report.changes, "unfit": report.unfit}  # fmt: skip


def _labels(task: Task, defined: list[str] | tuple[()], dropped: list[str] | tuple[()]) -> dict[str, str]:
    labels = dict(task.labels)
    for name in dropped:
        if name not in labels:
            msg = f"--drop-label {name}: no such label; there are {', '.join(labels) or 'none'}"
            raise RequestError(msg)
        del labels[name]
    for each in defined:
        name, equals, meaning = each.partition("=")
        if not equals or not name.strip():
            msg = f"--label {each!r}: expected NAME=DEFINITION"
            raise RequestError(msg)
        labels[name.strip()] = meaning.strip()
    return labels


@task_app.command("history")
def task_history(dataset: Dataset = None) -> int:
    """Every definition that the dataset has had, with what changed."""
    store = settings().store
    name = datasets.require(store, dataset)
    versions = datasets.history(store, name)
    shown, said = [], []
    for before, found in zip([None, *versions], versions, strict=False):
        changes = () if before is None else task_changes(before.task, found.task)
        shown.append({**_about(found), "changes": changes})
        said.append(f"version {found.number}, {found.created_at:%Y-%m-%d %H:%M} UTC, {found.actor or 'unknown'}")
        said += ["  " + line for change in changes for line in change.sentence().splitlines()]
    return answer({"dataset": name, "versions": shown}, text="\n".join(said))


@task_app.command("diff")
def task_diff(
    before: Annotated[int, typer.Argument(min=1, help="A version's number, of `task history`.")],
    after: Annotated[int | None, typer.Argument(min=1, help="Default: the version in force.")] = None,
    dataset: Dataset = None,
) -> int:
    """What differs between two versions of the task."""
    store = settings().store
    versions = datasets.history(store, datasets.require(store, dataset))
    one, two = version_of(versions, before), version_of(versions, after)
    changes = task_changes(one.task, two.task)
    text = "\n".join(change.sentence() for change in changes) or f"versions {one.number} and {two.number} are the same"
    return answer({"before": one.number, "after": two.number, "changes": changes}, text=text)


def version_of(versions: list[TaskVersion], number: int | None) -> TaskVersion:
    """The version with a number; without one, that in force.

    Raises:
        NotFoundError: There is none of this number.
    """
    if number is None:
        return versions[-1]
    found = next((version for version in versions if version.number == number), None)
    if found is None:
        msg = f"no version {number} of the task; there are 1 to {len(versions)}"
        raise NotFoundError(msg)
    return found


def _about(version: TaskVersion) -> dict[str, Any]:
    return {
        "version": version.number,
        "task_hash": version.task.content_hash,
        "since": str(version.created_at),
        "by": version.actor,
    }
