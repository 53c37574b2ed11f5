"""The running state of one ingest."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from curator.records import Task
from pipelines.files import InputFile
from pipelines.intake.config import IngestConfig
from storage.engine.store import Store
from storage.review import comparisons

LabelKey = tuple[str, str, int]
"""Labeler, example and sample."""


@dataclass(slots=True)
class Seen:
    """A row met in this file. Several labelers may speak of one row, each in a line of its own."""

    content_hash: str
    group: str | None
    split: str | None
    speakers: set[tuple[str | None, int]] = field(default_factory=set)


@dataclass(slots=True)
class IngestRun:
    """What an ingest knows and has counted.

    Attributes:
        known: External id -> (example id, content hash) of the rows that are there.
        current: The newest value of each label that is there, and how sure its labeler is.
        since: The store's seq when the run began.
        stale: Labels that were given under other rules than today's.
        several: Whether more than one file is read.
        rows: Rows that the files hold, read or rejected.
        there: Ids of comparisons and of what files say of them; read when it is first asked for.
        times: When each label of this file was given, where it says so.
        unnamed: In which file a label without a named labeler was met, where several files are read.
    """

    config: IngestConfig
    task: Task
    store: Store
    known: dict[str, tuple[str, str]]
    current: dict[LabelKey, tuple[str, float | None]]
    since: int
    several: bool = False
    rows: int = 0
    stale: set[LabelKey] = field(default_factory=set)
    added: int = 0
    unchanged: int = 0
    changed: int = 0
    labels_added: int = 0
    comparisons: int = 0
    labels_by: Counter[str] = field(default_factory=Counter)
    opinions: Counter[str] = field(default_factory=Counter)
    attempts: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    rejects: list[dict[str, object]] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    noted_at: dict[str, str] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    unnamed: dict[LabelKey, str] = field(default_factory=dict)
    there: set[str] | None = None
    times: dict[LabelKey, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    mapping: dict[str, dict[str, str]] = field(default_factory=dict)
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    about_files: list[str] = field(default_factory=list)
    types: dict[str, set[str]] = field(default_factory=dict)
    seen: dict[str, Seen] = field(default_factory=dict)
    before: Counter[str] = field(default_factory=Counter)

    def begin_file(self, path: InputFile, title: str, mapping: Mapping[str, str]) -> None:
        """Forget what was about the file before."""
        self.formats[path.name] = title
        self.mapping[path.name] = dict(mapping)
        self.types, self.seen, self.times, self.before = {}, {}, {}, Counter(self.changes)
        self.asked.clear()

    def note(self, text: str, place: str) -> None:
        """Count a note, and keep where it was met first."""
        self.notes[text] += 1
        self.noted_at.setdefault(text, place)

    def reject(self, path: InputFile, line: int, reason: str, detail: str, raw: str | None) -> None:
        """Count a row, or what it says, as not taken."""
        self.rejects.append({"file": path.name, "line": line, "reason": reason, "detail": detail, "raw": raw})

    def first_said(self, ident: str) -> bool:
        """Whether a comparison, or what a file says of one, is new; it is there from now on."""
        if self.there is None:
            self.there = comparisons.known(self.store, self.config.dataset)
        if ident in self.there:
            return False
        self.there.add(ident)
        return True
