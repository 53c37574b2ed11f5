"""What an ingest did, in words, for the command line and the app."""

from collections.abc import Mapping

from curator.importers import IMPORT_FORMATS, ROWS
from pipelines.intake.ingest import IngestReport

FORMAT_NAMES = ", ".join((ROWS, *sorted(each.name for each in IMPORT_FORMATS)))
"""What `--from` takes."""


def ingest_words(report: IngestReport) -> list[str]:
    """The lines of a report, each a sentence."""
    changed = f"{report.changed:,} changed, " if report.changed else ""
    words = [
        f"{report.added:,} rows added, {report.unchanged:,} unchanged, {changed}{report.rejected:,} rejected, "
        f"{report.labels_added:,} labels"
    ]
    words += [f"{name}: {title}" for name, title in report.formats.items()]
    words += _counted("labels by", report.labels_by)
    words += _counted("words of people", report.opinions)
    if report.comparisons:
        words.append(f"{report.comparisons:,} comparisons of two answers; `curator pairs build` makes pairs of them")
    words += _counted("requests to models", report.attempts)
    words += _counted("changed", report.changes)
    words += _counted("rejected", report.by_reason)
    words += [f"  {reason}, first at {where}" for reason, where in report.first.items()]
    if report.rejects_file:
        words.append(f"rejects: {report.rejects_file}")
    return [*words, *report.notes]


def _counted(title: str, found: Mapping[str, int]) -> list[str]:
    return [f"{title}: {', '.join(f'{key} {n:,}' for key, n in found.items())}"] if found else []
