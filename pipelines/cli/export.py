"""The command that writes a dataset as one file."""

from pathlib import Path
from typing import Annotated

import typer

from curator.errors import RequestError
from curator.release import TOOL_FORMS
from pipelines.cli.options import Dataset, Labeler, Wheres
from pipelines.cli.output import answer, choose, counts, lines, settings
from pipelines.release import export, export_tool
from pipelines.runtime.progress import stage
from storage.dataset import datasets
from storage.engine.store import Store


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("export")(export_rows)


def export_rows(
    out: Annotated[
        Path, typer.Option("--out", help="A new file: .jsonl, .csv or .parquet; with --to as the tool takes it.")
    ],
    dataset: Dataset = None,
    where: Wheres = None,
    labeler: Labeler = None,
    spreadsheet: Annotated[
        bool,
        typer.Option("--spreadsheet", help="A .csv for a spreadsheet: what it would run as a formula is made text."),
    ] = False,
    to: Annotated[
        str | None,
        typer.Option(
            "--to", help="label-studio (.json) | argilla (.json) | prodigy (.jsonl) | doccano (.jsonl) | csv | parquet"
        ),
    ] = None,
) -> int:
    """Write each row once, with its label now and every metadata column; `curator ingest` reads the file again.

    `--to` writes the labelled rows as a tool takes them in; what is left out is counted.
    """
    store = settings().store
    name, narrowed = datasets.require(store, dataset), tuple(where or ())
    if to is not None and choose(to, (*TOOL_FORMS, "csv", "parquet"), "--to") in TOOL_FORMS:
        return _to_tool(export_tool.ToolConfig(name, to, out, narrowed, labeler), store)
    if to is not None and out.suffix.lower() != f".{to}":
        msg = f"--out {out} ends in {out.suffix or 'nothing'!r}; --to {to} writes .{to}"
        raise RequestError(msg)
    config = export.ExportConfig(name, out, narrowed, labeler, spreadsheet)
    with stage("export"):
        report = export.run(config, store)
    text = lines(
        f"{report.rows:,} of {report.of:,} rows in {report.path}",
        f"columns: {', '.join(report.columns)}",
        *report.notes,
    )
    return answer(report, text=text)


def _to_tool(config: export_tool.ToolConfig, store: Store) -> int:
    with stage("export"):
        report = export_tool.run(config, store)
    text = lines(
        f"{report.rows:,} of {report.of:,} rows in {report.path}, for {config.to}",
        counts("left out", report.left_out),
        *report.notes,
    )
    return answer(report, text=text)
