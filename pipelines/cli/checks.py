"""Commands that look at the rows and settle what is seen: cluster, check, findings, decide, select."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, get_args

import typer

from curator.checks import ListedFinding, narrowed
from curator.composition import USUAL_LIMIT
from curator.errors import NotEnoughDataError, NotFoundError
from curator.records import FindingKind
from pipelines import wiring
from pipelines.analysis import check, cluster, decide, select
from pipelines.cli.options import Dataset, Labeler, MaxLength, Seed, Tokenizer, Wheres
from pipelines.cli.output import answer, as_json_wanted, choose, lines, percent, plain, settings
from pipelines.runtime.progress import stage
from storage.checks import findings
from storage.dataset import datasets, examples, vectors
from storage.dataset import labels as label_store
from storage.engine.store import Store
from storage.views.where import rows_where


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("cluster")(cluster_rows)
    app.command("check")(check_rows)
    app.command("findings")(show_findings)
    app.command("decide")(decide_file)
    app.command("select")(select_rows)


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


def check_rows(
    dataset: Dataset = None,
    labeler: Labeler = None,
    seed: Seed = 0,
    probabilities: Annotated[
        Path | None,
        typer.Option(help="What another model says: a table with example_id or external_id and a column a class."),
    ] = None,
    tokenizer: Tokenizer = None,
    max_length: MaxLength = USUAL_LIMIT,
) -> int:
    """Run every quality check; findings are stored. Counts the rows' tokens as well, where there is a tokenizer."""
    project = settings()
    store = project.store
    counter = wiring.token_counter(project, tokenizer)
    with stage("check") as progress:
        report = check.run(
            check.CheckConfig(datasets.require(store, dataset), labeler, seed, probabilities), store, progress=progress
        )
    measured = check.lengths(report.dataset, store, counter, labeler=report.labeler, limit=max_length)
    report = replace(report, lengths=measured)
    text = lines(
        f"{report.rows:,} rows checked, labels by {report.labeler} (run {report.run})",
        *(f"  {kind:<18} {n:>7,}{' rows ranked' * (kind == 'suspect_label')}" for kind, n in report.counts.items()),
        *report.notes,
        measured.sentence(),
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
