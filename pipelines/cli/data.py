"""Commands about data: init, dataset, ingest, label, embed, cluster, check, findings, decide, select."""

import json
import sys
from pathlib import Path
from typing import Annotated, get_args

import typer

from curator.checks import ListedFinding, narrowed
from curator.errors import DataError, NotEnoughDataError, NotFoundError, RequestError
from curator.records import FindingKind, parse_mapping, parse_task
from pipelines import wiring
from pipelines.analysis import check, cluster, decide, select
from pipelines.cli.output import answer, as_json_wanted, choose, counts, lines, named_project, percent, plain, settings
from pipelines.intake import embed, ingest, label
from pipelines.runtime import acting
from pipelines.runtime import settings as project_settings
from pipelines.runtime.progress import stage
from storage.access import audit
from storage.checks import findings
from storage.dataset import datasets, examples, vectors
from storage.dataset import labels as label_store
from storage.engine.store import Store
from storage.views import current as views
from storage.views.where import rows_where

Dataset = Annotated[str | None, typer.Option("--dataset", help="The dataset; may be left out where there is one.")]
Labeler = Annotated[str | None, typer.Option("--labeler", help="Whose labels, where there are several labelers.")]
Wheres = Annotated[
    list[str] | None,
    typer.Option("--where", help="COLUMN=VALUE of the metadata kept with rows; again for one more column or value."),
]
Seed = Annotated[int, typer.Option("--seed", help="Of everything random.")]

TASK_BYTES = 4_000_000
"""Of a task file, a rubric or a schema."""

dataset_app = typer.Typer(help="Create, list and show datasets.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("init")(init)
    app.add_typer(dataset_app, name="dataset")
    for command in (ingest_files, label_rows, embed_rows, cluster_rows, check_rows):
        app.command(command.__name__.partition("_")[0])(command)
    app.command("findings")(show_findings)
    app.command("decide")(decide_file)
    app.command("select")(select_rows)


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
    try:
        made = parse_task(_read_text(task), lambda named: _read_text(_beside(task, named)))
    except DataError as error:
        msg = f"{task}: {error}"
        raise RequestError(msg) from error
    store = settings().store
    changed = datasets.create(store, name, made)
    if changed:
        audit.note(store, actor=acting.actor(), action="dataset", subject=name, task_hash=made.content_hash)
    report = {
        "dataset": name,
        "task": made.name,
        "kind": made.kind,
        "labels": list(made.labels),
        "task_hash": made.content_hash,
        "created": changed,
    }
    return answer(report, text=f"dataset {name}: task {made.name} ({made.kind}, {len(made.labels)} labels)")


def _beside(task: Path, named: str) -> Path:
    """A file that a task file names. Not any file of this machine: what it says becomes part of every release."""
    folder = task.parent.resolve()
    place = (folder / named).resolve()
    if not place.is_relative_to(folder):
        msg = f"{task} names {named!r}, which lies outside its folder; put it beside the task file"
        raise RequestError(msg)
    return place


def _read_text(file: Path) -> str:
    """A task file, or a rubric or schema beside it."""
    if not file.is_file():
        msg = f"no file {file}"
        raise NotFoundError(msg)
    if file.stat().st_size > TASK_BYTES:
        msg = f"{file} has {file.stat().st_size:,} bytes, at most {TASK_BYTES:,} are read as a task, rubric or schema"
        raise RequestError(msg)
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        msg = f"{file} is not UTF-8 (byte {error.start}); save it as UTF-8"
        raise RequestError(msg) from error


@dataset_app.command("list")
def dataset_list() -> int:
    """All datasets."""
    store = settings().store
    found = [views.overview(store, name) for name in datasets.names(store)]
    text = "\n".join(f"{d.dataset}: {d.rows:,} rows, {d.labelled:,} labelled" for d in found)
    return answer(
        {"datasets": [d.as_json() for d in found]},
        text=text or "no dataset yet; run `curator dataset create NAME --task FILE.toml`",
    )


@dataset_app.command("show")
def dataset_show(name: str) -> int:
    """One dataset: size, progress, plans, findings, versions, runs."""
    store = settings().store
    shown = views.show(store, datasets.require(store, name))
    text = lines(
        f"{name}: {shown['rows']:,} rows, {shown['labelled']:,} labelled, {shown['reviewed']:,} reviewed, "
        f"{shown['decided']:,} set by a decision, {shown['releasable']:,} releasable",
        counts("out", shown["out"]),
        counts("splits", shown["splits"]),
        # Free answers are as many as rows, and as long: a list of them is no overview.
        counts("labels", shown["labels"] if datasets.task_of(store, name).kind == "classification" else {}),
        counts("findings", shown["findings"]),
        counts("requests to models", shown["attempts"]),
        *(f"plan {p['plan']}: {p['purpose']}, {p['reviews']} reviews" for p in shown["plans"]),
        *(f"version {name}@{v['number']}: {v['path']}" for v in shown["versions"]),
        *(f"run {r['run']}: {r['kind']} on {name}@{r['version']}, {r['status']}" for r in shown["runs"]),
    )
    return answer(shown, text=text)


def ingest_files(
    files: Annotated[
        list[Path], typer.Argument(help=".jsonl, .json, .csv, .tsv, .parquet or .xlsx, also packed (.gz, .zst …)")
    ],
    dataset: Dataset = None,
    mapping: Annotated[
        str | None,
        typer.Option(
            "--map",
            help="FIELD=COLUMN,…; fields: input, label, id, group, split, labeler, confidence, time, tools. "
            'FIELD= switches one off; FIELD="a, b" names any column.',
        ),
    ] = None,
    source: Annotated[str, typer.Option(help="import | production | teacher | expert")] = "import",
    labeler: Annotated[str | None, typer.Option(help="Name of whoever gave the labels in the files.")] = None,
    split: Annotated[str | None, typer.Option(help="train | test, for all rows")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of text files that are neither UTF-8 nor UTF-16: cp1252, shift_jis …")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if any row is rejected.")] = False,
) -> int:
    """Read files into a dataset. Good rows are in, bad rows are listed with file, line and reason."""
    project = settings()
    config = ingest.IngestConfig(
        dataset=datasets.require(project.store, dataset),
        files=tuple(files),
        mapping=parse_mapping(mapping),
        source=choose(source, ("import", "production", "teacher", "expert"), "--source"),
        labeler=labeler,
        split=None if split is None else choose(split, ("train", "test"), "--split"),
        encoding=encoding,
    )
    with stage("ingest") as progress:
        report = ingest.run(config, project.store, progress=progress)
    text = lines(
        f"{report.added:,} rows added, {report.unchanged:,} unchanged, "
        f"{f'{report.changed:,} changed, ' if report.changed else ''}{report.rejected:,} rejected, "
        f"{report.labels_added:,} labels",
        counts("changed", report.changes),
        counts("rejected", report.by_reason),
        *(f"  {reason}, first at {where}" for reason, where in report.first.items()),
        f"rejects: {report.rejects_file}" if report.rejects_file else None,
        *report.notes,
    )
    nothing = report.rejected and not (report.added or report.unchanged or report.changed)
    return answer(report, 1 if nothing or (strict and report.rejected) else 0, text=text)


def label_rows(
    dataset: Dataset = None,
    teacher: Annotated[str | None, typer.Option(help="A model's name; default: the project's, else offline.")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Answers for each row.")] = 1,
    budget: Annotated[float | None, typer.Option(help="US dollars after which no more is asked.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many requests.")] = None,
) -> int:
    """Let a teacher label what it has not labelled yet."""
    project = settings()
    name = datasets.require(project.store, dataset)
    by = wiring.teacher(project, datasets.task_of(project.store, name), teacher)
    config = label.LabelConfig(name, samples=samples, limit=limit, budget_usd=budget)
    with stage("label") as progress:
        report = label.run(config, project.store, by, progress=progress)
    text = lines(
        f"{report.labeled:,} labels by {report.labeler}, {report.already:,} were there, {report.failed:,} unusable"
        f"{f', {report.cost_usd:.4f} US dollars' if report.cost_usd else ''}",
        "stopped by the budget; run again with a larger one" if report.stopped_by_budget else None,
        counts("unusable", report.by_reason),
    )
    return answer(report, text=text)


def embed_rows(
    dataset: Dataset = None, encoder: Annotated[str | None, typer.Option(help="A sentence-transformers model.")] = None
) -> int:
    """Turn texts into vectors; only new texts are encoded."""
    project = settings()
    with stage("embed") as progress:
        name = datasets.require(project.store, dataset)
        report = embed.run(embed.EmbedConfig(name), project.store, wiring.encoder(project, encoder), progress=progress)
    anew = f", {report.repaired:,} damaged files made anew" if report.repaired else ""
    text = f"{report.rows:,} rows have vectors of {report.encoder}, {report.encoded:,} encoded now{anew}"
    return answer(report, text=text)


def cluster_rows(dataset: Dataset = None, seed: Seed = 0) -> int:
    """Cluster the vectors; names, map and diversity report."""
    store = settings().store
    name = datasets.require(store, dataset)
    encoder, revision = vectors_in_use(store)
    report = cluster.run(cluster.ClusterConfig(name, encoder=encoder, revision=revision, seed=seed), store)
    spread = report.report.diversity
    text = lines(
        f"{len(report.report.clusters)} clusters over {report.report.rows:,} rows",
        f"diversity {spread.verdict}: {spread.why}",
        *(f"  {percent(c.share):>7}  {c.size:>6,}  {c.name}" for c in report.report.clusters[:10]),
        ", ".join(f"{stage} {seconds:.1f} s" for stage, seconds in report.seconds.items()) or None,
    )
    return answer(report, text=text)


def vectors_in_use(store: Store) -> tuple[str, str]:
    """The newest encoder and revision that have vectors.

    Raises:
        NotEnoughDataError: There are no vectors yet.
    """
    found = vectors.encoders(store)
    if not found:
        msg = "there are no vectors yet; run `curator embed` first"
        raise NotEnoughDataError(msg)
    return found[0]


def check_rows(dataset: Dataset = None, labeler: Labeler = None, seed: Seed = 0) -> int:
    """Run every quality check; findings are stored."""
    store = settings().store
    with stage("check") as progress:
        report = check.run(
            check.CheckConfig(datasets.require(store, dataset), labeler=labeler, seed=seed), store, progress=progress
        )
    text = lines(
        f"{report.rows:,} rows checked, labels by {report.labeler} (run {report.run})",
        *(f"  {kind:<18} {n:>7,}{' rows ranked' * (kind == 'suspect_label')}" for kind, n in report.counts.items()),
        *report.notes,
        f"see them: curator findings --dataset {report.dataset}",
    )
    return answer(report, text=text)


def show_findings(
    dataset: Dataset = None,
    kind: Annotated[str | None, typer.Option(help="One kind only.")] = None,
    limit: Annotated[int | None, typer.Option(min=1)] = None,
    format: Annotated[str, typer.Option(help="jsonl | table")] = "table",
    labeler: Labeler = None,
    min_score: Annotated[
        float | None, typer.Option(min=0, max=1, help="From this score on; group members that are less alike leave.")
    ] = None,
    where: Wheres = None,
) -> int:
    """The findings of the newest check run, worst first within a kind; `--where` keeps those that name such a row."""
    choose(format, ("jsonl", "table"), "--format")
    if kind is not None:
        choose(kind, get_args(FindingKind), "--kind")
    store = settings().store
    name = datasets.require(store, dataset)
    run = findings.newest_run(store, name, labeler)
    if run is None:
        label_store.require_labeler(store, name, labeler)
        msg = f"dataset {name!r} has no check run yet; run `curator check --dataset {name}`"
        raise NotFoundError(msg)
    rows, told = rows_where(examples.frame(store, name), where or ())
    found = findings.listing(store, name, run.run, kind=kind, limit=None if min_score or where else limit)
    found = _narrowed(found, min_score, set(rows["example_id"]) if where else None)[:limit]
    if as_json_wanted():
        report = {"dataset": name, "run": run.run, "counts": run.report.counts, "findings": found}
        return answer(report | ({"lacking": told.lacking} if where else {}))
    if format == "jsonl":
        for finding in found:
            sys.stdout.write(json.dumps(plain(finding), ensure_ascii=False) + "\n")
        return 0
    shown = found[: limit or 40]
    text = "\n".join(_finding_line(f) for f in shown)
    more = (
        f"\n… and {len(found) - len(shown):,} more: --limit, --kind, --format jsonl" if len(found) > len(shown) else ""
    )
    return answer(None, text=lines((text or "no findings") + more, *told.notes))


def _narrowed(found: list[ListedFinding], score: float | None, rows: set[str] | None) -> list[ListedFinding]:
    """The findings from a score on, and of those the ones that name a row asked for; None asks for nothing."""
    if score:
        found = [kept for finding in found if (kept := narrowed(finding, score)) is not None]
    return found if rows is None else [finding for finding in found if not rows.isdisjoint(finding.example_ids)]


def _finding_line(finding: ListedFinding) -> str:
    rows = finding.external_ids
    ids = ", ".join(rows[:3]) + (f" … ({len(rows)} rows)" if len(rows) > 3 else "")
    return f"{finding.score:.3f}  {finding.kind:<16} {ids}\n       {finding.suggestion.get('text', '')}"


def decide_file(file: Path, dataset: Dataset = None) -> int:
    """Take decisions about groups or rows from a JSONL file."""
    store = settings().store
    report = decide.run(decide.DecideConfig(file, datasets.require(store, dataset)), store)
    text = lines(
        f"{report.decisions:,} decisions about {report.rows:,} rows, {report.rejected:,} lines rejected",
        *(f"  line {r['line']}: {r['reason']}: {r['detail']}" for r in report.rejects[:20]),
    )
    return answer(report, 1 if report.rejected and not report.decisions else 0, text=text)


def select_rows(
    n: Annotated[int, typer.Option("--n", min=1, help="How many rows.")],
    dataset: Dataset = None,
    method: Annotated[str, typer.Option(help="kcenter | facility | random")] = "kcenter",
    seed: Seed = 0,
    where: Wheres = None,
) -> int:
    """Choose rows: next to annotate (kcenter, unlike what people reviewed), representative, or stratified random."""
    store = settings().store
    name = datasets.require(store, dataset)
    encoder, revision = vectors_in_use(store)
    wanted = choose(method, ("kcenter", "facility", "random"), "--method")
    report = select.run(
        select.SelectConfig(
            name, n=n, method=wanted, encoder=encoder, revision=revision, seed=seed, where=tuple(where or ())
        ),
        store,
    )
    for note in report.notes:  # beside the ids, which another program may read
        sys.stderr.write(f"{note}\n")
    return answer(report, text="\n".join(report.external_ids))
