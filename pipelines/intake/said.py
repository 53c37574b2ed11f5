"""What people said of rows in files of other tools, read and not stored: for a step that stores it as reviews."""

from dataclasses import dataclass, replace
from typing import Any

from curator.records import OpinionStatus
from pipelines.files import file_hash, gathered, opened
from pipelines.intake import ingest
from pipelines.intake.config import IngestConfig
from pipelines.intake.reading import rows_of, survey
from pipelines.intake.writing import who
from pipelines.runtime import acting
from storage.dataset import datasets
from storage.engine.store import Store


@dataclass(frozen=True, slots=True)
class SaidOfRow:
    """One person's word about a row, and the line where it stands."""

    line: int
    external_id: str
    person: str
    status: OpinionStatus
    value: str | None
    note: str | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class SaidReport:
    """What files say.

    Attributes:
        words: What people said; labels of models are none.
        rejects: Rows that could not be read: line, reason and detail.
        notes: How each file was read.
    """

    words: tuple[SaidOfRow, ...]
    rejects: tuple[dict[str, Any], ...]
    notes: tuple[str, ...]


def read(config: IngestConfig, store: Store) -> SaidReport:
    """Read the files as the ingest reads them, and store nothing. Labels of nobody's kind are people's here.

    Raises:
        NotFoundError: No such dataset or file.
        RequestError: The mapping or the format does not fit a file.
    """
    acting.require("review")
    state = ingest.begin(replace(config, source="expert", dry_run=True), store, datasets.require(store, config.dataset))
    words: list[SaidOfRow] = []
    with gathered(config.files) as files:
        for file in files:
            digest = file_hash(file.path)
            with opened(file.path, config.encoding) as table:
                found = survey(table, state.config, file)
                state.begin_file(file, found.title, found.mapping)
                for row, parsed in rows_of(file, table, found, digest, state):
                    for label in parsed.labels if parsed is not None else ():
                        person, kind = who(label.labeler, label.kind, state)
                        if kind == "human":
                            external = parsed.example.external_id if parsed is not None else ""
                            said = (label.status, label.value, label.note, label.latency_s)
                            words.append(SaidOfRow(row.line, external, person, *said))
    notes = [f"{name}: read as {title}" for name, title in state.formats.items()]
    return SaidReport(tuple(words), tuple(dict(reject) for reject in state.rejects), tuple(notes))
