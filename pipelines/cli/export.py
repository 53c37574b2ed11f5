"""The command that writes a dataset as one file."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.cli.options import Dataset, Labeler, Wheres
from pipelines.cli.output import answer, lines, settings
from pipelines.release import export
from pipelines.runtime.progress import stage
from storage.dataset import datasets


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("export")(export_rows)


def export_rows(
    out: Annotated[Path, typer.Option("--out", help="A new file: .jsonl, .csv or .parquet.")],
    dataset: Dataset = None,
    where: Wheres = None,
    labeler: Labeler = None,
    spreadsheet: Annotated[
        bool,
        typer.Option("--spreadsheet", help="A .csv for a spreadsheet: what it would run as a formula is made text."),
    ] = False,
) -> int:
    """Write each row once, with its label now and every metadata column; `curator ingest` reads the file again."""
    store = settings().store
    config = export.ExportConfig(datasets.require(store, dataset), out, tuple(where or ()), labeler, spreadsheet)
    with stage("export"):
        report = export.run(config, store)
    text = lines(
        f"{report.rows:,} of {report.of:,} rows in {report.path}",
        f"columns: {', '.join(report.columns)}",
        *report.notes,
    )
    return answer(report, text=text)
