"""Commands that make a project and its datasets: init, dataset."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.output import answer, counts, lines, named_project, settings
from pipelines.intake.task_file import read_task
from pipelines.runtime import acting
from pipelines.runtime import settings as project_settings
from storage.access import audit
from storage.dataset import datasets
from storage.views import current as views

dataset_app = typer.Typer(help="Create, list and show datasets.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("init")(init)
    app.add_typer(dataset_app, name="dataset")


def init(directory: Annotated[Path | None, typer.Argument(help="The project folder; default here.")] = None) -> int:
    """Make a project: curator.toml and an empty store."""
    folder = directory or Path(named_project() or ".")
    made, created = project_settings.init(folder)
    said = "made" if created else "is there already, left as it was"
    report = {"project": made.project, "store": made.store_file, "created": created}
    return answer(report, text=f"project {made.project} {said}")


@dataset_app.command("create")
def dataset_create(
    name: str, task: Annotated[Path, typer.Option("--task", help="The task file (TOML): name, kind, labels, rubric.")]
) -> int:
    """Make a dataset for a task, or give an existing one a new task definition."""
    made = read_task(task)
    store = settings().store
    told = audit.telling(actor=acting.actor(), action="dataset", subject=name, task_hash=made.content_hash)
    changed = datasets.create(store, name, made, told=told)
    report = {
        "dataset": name,
        "task": made.name,
        "kind": made.kind,
        "labels": list(made.labels),
        "task_hash": made.content_hash,
        "created": changed,
    }
    return answer(report, text=f"dataset {name}: task {made.name} ({made.kind}, {len(made.labels)} labels)")


@dataset_app.command("list")
def dataset_list() -> int:
    """All datasets."""
    store = settings().store
    found = [views.overview(store, name) for name in datasets.names(store)]
    text = "\n".join(f"{d.dataset}: {d.rows:,} rows, {d.labelled:,} labelled" for d in found)
    shown = [d.as_json() for d in found]
    for each in shown:  # free answers are as many as rows, and as long: a list of them is no overview
        if datasets.task_of(store, each["dataset"]).kind != "classification":
            each |= {"labels": {}, "different_answers": len(each["labels"])}
    return answer(
        {"datasets": shown},
        text=text or "no dataset yet; run `curator dataset create NAME --task FILE.toml`",
    )


@dataset_app.command("show")
def dataset_show(name: str) -> int:
    """One dataset: size, progress, plans, findings, versions, runs."""
    store = settings().store
    shown = views.show(store, datasets.require(store, name))
    size = shown.overview
    text = lines(
        f"{name}: {size.rows:,} rows, {size.labelled:,} labelled, {size.reviewed:,} reviewed, "
        f"{size.decided:,} set by a decision, {size.releasable:,} releasable",
        counts("out", size.out),
        counts("splits", size.splits),
        # Free answers are as many as rows, and as long: a list of them is no overview.
        counts("labels", size.labels if datasets.task_of(store, name).kind == "classification" else {}),
        counts("findings", shown.findings),
        counts("requests to models", shown.attempts),
        size.stale.sentence(),
        *(f"plan {p.id}: {p.purpose}, {p.settings.reviews} reviews" for p in shown.plans),
        *(f"version {v.version}: {v.path}" for v in shown.versions),
        *(f"run {r.id}: {r.kind} on {name}@{r.version}, {r.status}" for r in shown.runs),
    )
    return answer(shown.as_json(), text=text)
