"""Commands that bring rows, labels and vectors in: ingest, label, embed."""

from pathlib import Path
from typing import Annotated, get_args

import typer

from curator.errors import RequestError
from curator.records import SPLITS, AttemptStatus, parse_mapping
from pipelines import wiring
from pipelines.cli.consent import agreement
from pipelines.cli.options import Concurrency, Dataset, PriceIn, PriceOut, TeacherName, price_of
from pipelines.cli.output import answer, choose, counts, lines, settings
from pipelines.intake import embed, ingest, label, said
from pipelines.intake.words import FORMAT_NAMES, ingest_words
from pipelines.review import answers as review
from pipelines.runtime.progress import stage
from storage.dataset import datasets
from storage.engine.store import Store

RETRY: tuple[str, ...] = (*get_args(AttemptStatus)[1:], "batched")
"""How a request may end without a label; `batched`: it was written to a batch file, and no result came in."""


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    for command in (ingest_files, label_rows, embed_rows):
        app.command(command.__name__.partition("_")[0])(command)


def ingest_files(
    files: Annotated[
        list[Path],
        typer.Argument(
            help=".jsonl, .json, .csv, .tsv, .parquet, .arrow or .xlsx, also packed (.gz, .zip …); folders, patterns"
        ),
    ],
    dataset: Dataset = None,
    mapping: Annotated[
        str | None,
        typer.Option(
            "--map",
            help="FIELD=COLUMN,…; fields: input, label, id, group, split, labeler, confidence, time, tools. "
            'FIELD= switches one off; FIELD="a, b" names any column, a.b a key of an object, a+b two columns; '
            "label:NAME=COLUMN is the answer of one more person.",
        ),
    ] = None,
    source: Annotated[str, typer.Option(help="import | production | teacher | expert")] = "import",
    labeler: Annotated[str | None, typer.Option(help="Name of whoever gave the labels in the files.")] = None,
    split: Annotated[str | None, typer.Option(help="train | validation | test, for all rows")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Of text files that are neither UTF-8 nor UTF-16: cp1252, shift_jis …")
    ] = None,
    from_format: Annotated[
        str | None,
        typer.Option("--from", help=f"The files' format, where it is not to be recognised: {FORMAT_NAMES}."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come in, and write nothing.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 if any row is rejected.")] = False,
    as_what: Annotated[
        str,
        typer.Option("--as", help="rows | reviews (what people said goes into the plan of --plan, and nothing else)"),
    ] = "rows",
    plan: Annotated[str | None, typer.Option("--plan", help="The plan that reviews go into.")] = None,
) -> int:
    """Read files into a dataset. Good rows are in, bad rows are listed with file, line and reason."""
    project = settings()
    reviews = choose(as_what, ("rows", "reviews"), "--as") == "reviews"
    if reviews != (plan is not None):
        msg = "--as reviews goes with --plan: the plan whose rows people answered in another tool"
        raise RequestError(msg)
    config = ingest.IngestConfig(
        dataset=datasets.require(project.store, dataset),
        files=tuple(files),
        mapping=parse_mapping(mapping),
        source=choose(source, ("import", "production", "teacher", "expert"), "--source"),
        labeler=labeler,
        split=None if split is None else choose(split, SPLITS, "--split"),
        encoding=encoding,
        format=from_format,
        dry_run=dry_run,
    )
    if plan is not None:
        return _as_reviews(config, plan, project.store)
    with stage("ingest") as progress:
        report = ingest.run(config, project.store, progress=progress)
    text = lines("dry run: nothing was written" if dry_run else None, *ingest_words(report))
    came = report.added or report.unchanged or report.changed
    nothing = not report.rows or (report.rejected and not came)
    return answer(report, 1 if nothing or (strict and report.rejected) else 0, text=text)


def _as_reviews(config: ingest.IngestConfig, plan: str, store: Store) -> int:
    """What people said in the files goes into an open plan."""
    with stage("ingest"):
        found = said.read(config, store)
        lines_of = [(word.line, _review_line(word)) for word in found.words]
        report = review.take_lines(lines_of, plan, store, found.rejects, elsewhere=True)
    text = lines(
        f"{report.added:,} reviews added, {report.unchanged:,} were there, {report.rejected:,} rejected, "
        f"{report.tasks_left:,} tasks left",
        counts("rejected", report.by_reason),
        *(f"  line {r['line']}: {r['reason']}: {r['detail']}" for r in report.rejects[:20]),
        *found.notes,
    )
    return answer(report, 1 if report.rejected and not (report.added or report.unchanged) else 0, text=text)


def _review_line(word: said.SaidOfRow) -> dict[str, object]:
    verdict = {"accepted": None, "rejected": "reject", "skipped": "skip"}[word.status]
    about = {"external_id": word.external_id, "reviewer": word.person, "verdict": verdict, "value": word.value}
    return {**about, "note": word.note, "seconds": word.seconds}


def label_rows(
    dataset: Dataset = None,
    teacher: TeacherName = None,
    samples: Annotated[int, typer.Option(min=1, help="Answers for each row.")] = 1,
    budget: Annotated[float | None, typer.Option(help="US dollars after which no more is asked.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many requests.")] = None,
    concurrency: Concurrency = 8,
    retry: Annotated[
        list[str] | None, typer.Option(help=f"Ask again where a request ended so: {', '.join(RETRY)}. Repeatable.")
    ] = None,
    price_in: PriceIn = None,
    price_out: PriceOut = None,
    timeout: Annotated[
        float, typer.Option(min=1, help="Seconds without a sign of the server, after which a request is given up.")
    ] = 120.0,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what is left to ask, with tokens, cost and time; ask nothing.")
    ] = False,
    write_batch: Annotated[
        Path | None,
        typer.Option(help="Write what is left to ask into this new file, for the provider's batches; ask nothing."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask the teacher without a question before.")] = False,
) -> int:
    """Let a teacher label what it has not labelled yet. What it answered once is never asked again.

    On a terminal it says first what that will take, and asks; elsewhere, and with --json, it goes on at once.
    """
    if unknown := sorted(set(retry or ()) - set(RETRY)):
        msg = f"--retry {unknown[0]}: no such end of a request; there are {', '.join(RETRY)}"
        raise RequestError(msg)
    price = price_of(price_in, price_out)
    project = settings()
    name = datasets.require(project.store, dataset)
    by = wiring.teacher(project, datasets.task_of(project.store, name), teacher, price=price, timeout_s=timeout)
    again = tuple(dict.fromkeys(retry or ()))
    agree = agreement(yes=yes)
    config = label.LabelConfig(name, samples, limit, budget, concurrency, again, agree, write_batch, estimate)
    with stage("label") as progress:
        report = label.run(config, project.store, by, progress=progress)
    slow = f"{report.slowest_pace} at once in the end" if report.slowest_pace else "no slower for that"
    if report.declined and report.estimate is not None:
        free = f"; {report.kept:,} labels would come from answers that are there" if estimate and report.kept else ""
        return answer(report, text=f"nothing was asked: {report.estimate.sentence()}{free}")
    text = lines(
        f"{report.labeled:,} labels by {report.labeler}, {report.already:,} were there, {report.failed:,} unusable"
        + ("" if report.cost_usd is None else f", {report.cost_usd:.4f} US dollars"),
        f"the server was too busy {report.busy:,} times (429), asked at its pace: {slow}" if report.busy else None,
        f"{report.batched:,} requests written to {write_batch}; bring the results in: curator ingest RESULTS --dataset "
        f"{name} --labeler {report.labeler}"
        if write_batch
        else None,
        f"{report.kept:,} of them from answers that were there" if report.kept else None,
        "stopped by the budget; run again with a larger one" if report.stopped_by_budget else None,
        counts("unusable", report.by_reason),
        counts("ended without a label before, and not asked again (--retry)", report.unasked),
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
