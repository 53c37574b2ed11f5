"""The record that a dataset version's `manifest.json` is read into, with its parts."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_serializer, field_validator

from curator.errors import DataError
from curator.records import Bound, Split, SplitTruth

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class ReleaseGate:
    """One thing that must hold before a version leaves.

    Attributes:
        name: By which it is waived.
        passed: Whether it holds; None where it is not demanded, or cannot be known.
        why: What was found, a sentence.
    """

    name: str
    passed: bool | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class FileFact:
    """A file of a release.

    Attributes:
        path: Inside the release.
        sha256: Of its bytes, in hex.
        bytes: Its size.
        rows: Rows of a data file; None for a card.
    """

    path: str
    sha256: str
    bytes: int
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class ReleasedRow:
    """A row of a version; in JSON a list of its three fields, in this order.

    Attributes:
        example_id: Its id in the store.
        external_id: Its id in the file that it came from.
        label: The label that it shipped; its hash where it is long.
    """

    example_id: str
    external_id: str
    label: str


class _Part(BaseModel):
    """A part of a manifest. What a newer Curator added to it is kept: it belongs to what the manifest's hash is of."""

    model_config = ConfigDict(frozen=True, extra="allow")

    def as_json(self) -> dict[str, Any]:
        """The part as it is written and hashed: what it was read from, to the last key."""
        return self.model_dump(mode="json", exclude_unset=True)


class ReleaseSettings(_Part):
    """The settings of a release, resolved: also those left at their defaults.

    Attributes:
        labels: Whose labels train holds: those in force, or the teacher's own.
        labeler: The teacher whose labels stand where no person has spoken.
        formats: The formats written, in order.
        test_share: The share of rows drawn for test, 0..1.
        validation_share: The share of rows drawn for validation, 0..1.
        seed: Of the split.
        license: A name for the card's front matter.
        layout: The rules by which files and cards are written (`curator.release.formats.LAYOUT`).
    """

    labels: Literal["current", "teacher"] = "current"
    labeler: str = ""
    formats: tuple[str, ...] = ()
    test_share: int | float = 0.2
    validation_share: int | float = 0.0
    seed: int = 0
    license: str | None = None
    layout: int = 1


class TaskFact(_Part):
    """The task of a version.

    Attributes:
        name: Its name; None in a manifest that names none.
        kind: classification, extraction, sql or text.
        task_hash: Hash of the whole definition.
        rubric_hash: Hash of the rubric.
    """

    name: str | None = None
    kind: str = "text"
    task_hash: str = ""
    rubric_hash: str = ""


class TeacherFact(_Part):
    """Who labelled the rows.

    Attributes:
        labeler: The labeler's name.
        versions: Labels by the labeler's version.
        prompt_hash: Hash of the prompt that the task gives.
    """

    labeler: str = "?"
    versions: Mapping[str, int] = {}
    prompt_hash: str = ""


class BoundFact(_Part):
    """A bound on an error rate as a manifest holds it; the fields of `curator.records.Bound`.

    Attributes:
        estimate: The rate, 0..1.
        low: Lower end of the two-sided interval.
        high: Upper end of it.
        upper_one_sided: The one-sided upper bound, which the verdict rests on.
        confidence: Of the interval and the bound, 0..1.
        reviews: Rows that were reviewed.
        population: Rows that the rate is of.
        method: How it was reckoned, in words.
    """

    estimate: int | float
    low: int | float
    high: int | float
    upper_one_sided: int | float
    confidence: int | float
    reviews: int
    population: int
    method: str

    def as_bound(self) -> Bound:
        """The bound itself."""
        return Bound(**{each.name: getattr(self, each.name) for each in fields(Bound)})


class CertificateFact(_Part):
    """The certificate of a version's rows, as `curator certify` prints it.

    Attributes:
        status: CERTIFIED, UNCERTIFIED or INCOMPLETE.
        why: What led to it, a sentence each.
        target: The largest error promised, 0..1; None where none is.
        shipped_error: The error of the labels as released; None where it was not measured.
        reviewers: Who reviewed.
    """

    status: Literal["CERTIFIED", "UNCERTIFIED", "INCOMPLETE"] = "UNCERTIFIED"
    why: str | tuple[str, ...] = ()
    target: int | float | None = None
    shipped_error: BoundFact | None = None
    reviewers: tuple[str, ...] = ()

    @property
    def reasons(self) -> tuple[str, ...]:
        """`why`, as sentences."""
        return (self.why,) if isinstance(self.why, str) else self.why


class LeftOutFact(_Part):
    """Rows that one filter left out of a version.

    Attributes:
        by: `exclude` or `merge` where people decided; else rejected, disputed, unsettled, unlabelled, or the leak.
        reason: What was said with the decision (a cap says so here); None where nobody decided.
        decisions: The decisions that it comes from, oldest first.
        rows: How many; each row is under one filter alone.
    """

    by: str
    reason: str | None
    decisions: tuple[str, ...]
    rows: int


class FiltersFact(_Part):
    """What left rows out: `rows` = `kept` + those in `left_out`. Empty in manifests of older Curators.

    Attributes:
        rows: Rows of the dataset as of the version's seq.
        kept: Those in the version, train and test.
        left_out: The others, the filters with most rows first.
    """

    rows: int = 0
    kept: int = 0
    left_out: tuple[LeftOutFact, ...] = ()


class CoefficientFact(_Part):
    """A coefficient of agreement with its interval; None where it is not defined, and `note` says why.

    Attributes:
        name: Of the coefficient.
        value: Its value.
        low: Lower end of its interval.
        high: Upper end of it.
        items: Rows that two people or more answered.
        note: How to read it.
    """

    name: str
    value: int | float | None
    low: int | float | None
    high: int | float | None
    items: int
    note: str = ""


class AgreementFact(_Part):
    """How far people agreed as of the version's seq, all of them together; figures to six places.

    Attributes:
        items: Rows that somebody answered; gold cards and last words aside.
        shared: Those that two people or more answered.
        raters: People.
        ratings: Answers.
        confidence: Of each interval, 0..1.
        overall: The coefficients.
        notes: How to read them, where they mislead.
    """

    items: int
    shared: int
    raters: int
    ratings: int
    confidence: int | float
    overall: tuple[CoefficientFact, ...]
    notes: tuple[str, ...] = ()


class Waiver(_Part):
    """A gate that was waived for one release.

    Attributes:
        gate: The gate's name.
        who: Who waived it.
        why: The reason given.
    """

    gate: str
    who: str
    why: str


class Manifest(_Part):
    """A version's manifest; `manifest.json` holds exactly `as_json()`.

    Attributes:
        schema_version: Of the manifest's own form.
        name: The dataset's name.
        number: The version's number, from 1.
        parent: The version before, `NAME@N`, or None.
        as_of_seq: The store's sequence number that the version is made as of.
        curator_version: The Curator that made it.
        settings: What was asked for.
        files: Every file, by path; data files have rows, cards have none.
        rows: The rows by split, in the order of the files.
        pairs: The ids of the preference pairs by split, in the order of the files.
        task: What the rows are labelled for.
        teacher: Who labelled them; None without a teacher.
        splits: How rows were split.
        filters: What left rows out, as `curator.release.filters` counts it, caps among it.
        excluded: Rows left out, by reason.
        certificate: What is known about the labels' error, or None.
        agreement: How far people agree, or None where no row was answered by two.
        diversity: The diversity report, or None.
        gates: What had to hold, and whether it did.
        waivers: Gates that were waived, by whom and why.
        tokens: Token totals by name.
        refused: Format -> what it cannot carry -> the external ids of the rows that are not in its files for that.
        test_truth: The whole frozen test split: rows settled by people, waiting, or taken out; None in older manifests.
        schemas: Data file -> what each of its keys holds (`curator.release.encoding.Look.schema`).
        read_as_dates: JSON lines that a reader which guesses types would change -> the place of the texts.
        proof: What the trainers' own loaders made of each file, with their versions; None where none was asked.
        labelled_under: Hash of the definition in force, the rows labelled under it, those by people, and for each older
            definition that says otherwise the external ids of its rows (`older`). None in older manifests.
        sign_off: `who` signed by name, and their `note`; None where nobody did.
        lengths: Token counts of the rows (`curator.composition.TokenLengths`), with the tokenizer, the limit and the
            share above it; `tokenizer` is null where none was at hand. None in older manifests.
        audit_head: `seq` and `hash` of the audit log's newest event as of that seq: a head kept outside the store.
        request_hash: What an unchanged rerun has in common with this version.
        content_sha256: The hash over everything else here; empty until it is sealed.
    """

    schema_version: int
    name: str
    number: int
    parent: str | None
    as_of_seq: int
    curator_version: str
    settings: ReleaseSettings
    files: tuple[FileFact, ...]
    rows: Mapping[Split, tuple[ReleasedRow, ...]]
    pairs: Mapping[Split, tuple[str, ...]]
    task: TaskFact
    teacher: TeacherFact | None
    splits: Mapping[str, Any]
    filters: FiltersFact
    excluded: Mapping[str, int]
    certificate: CertificateFact | None
    agreement: AgreementFact | None
    diversity: Mapping[str, Any] | None
    gates: tuple[ReleaseGate, ...]
    waivers: tuple[Waiver, ...]
    tokens: Mapping[str, int]
    refused: Mapping[str, Mapping[str, tuple[str, ...]]] = {}
    test_truth: SplitTruth | None = None
    schemas: Mapping[str, Mapping[str, Any]] = {}
    read_as_dates: Mapping[str, str] = {}
    proof: Mapping[str, Any] | None = None
    lengths: Mapping[str, Any] | None = None
    labelled_under: Mapping[str, Any] | None = None
    sign_off: Mapping[str, str] | None = None
    audit_head: Mapping[str, Any] | None = None
    request_hash: str = ""
    content_sha256: str = ""

    @property
    def version(self) -> str:
        """`NAME@N`."""
        return f"{self.name}@{self.number}"

    @property
    def status(self) -> str:
        """The certificate's status; UNCERTIFIED without one."""
        return self.certificate.status if self.certificate else "UNCERTIFIED"

    @property
    def data_files(self) -> tuple[FileFact, ...]:
        """The files that hold rows."""
        return tuple(each for each in self.files if each.rows is not None)

    @field_validator("rows", mode="before")
    @classmethod
    def _read_rows(cls, rows: Mapping[str, Any]) -> dict[str, tuple[ReleasedRow, ...]]:
        return {split: tuple(ReleasedRow(*row) for row in each) for split, each in rows.items()}

    @field_serializer("rows")
    def _write_rows(self, rows: Mapping[Split, tuple[ReleasedRow, ...]]) -> dict[str, list[list[str]]]:
        return {split: [[row.example_id, row.external_id, row.label] for row in each] for split, each in rows.items()}


@dataclass(frozen=True, slots=True)
class DatasetVersion:
    """A version as the store knows it.

    Attributes:
        dataset: The dataset's name.
        number: From 1.
        seq: When it was recorded, in the store's own count.
        path: Its folder.
        manifest_sha256: Of `manifest.json` as it was released.
        manifest: What `manifest.json` said then.
        created_at: When it was recorded.
    """

    dataset: str
    number: int
    seq: int
    path: str
    manifest_sha256: str
    manifest: Manifest
    created_at: datetime

    @property
    def version(self) -> str:
        """`NAME@N`."""
        return f"{self.dataset}@{self.number}"


def read_manifest(content: Mapping[str, Any], place: str = MANIFEST) -> Manifest:
    """A manifest from what its JSON holds.

    Raises:
        DataError: Something in it is missing or of another type; `place` says where it was read.
    """
    try:
        return Manifest.model_validate(content)
    except (ValidationError, TypeError, AttributeError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": ("rows",), "msg": str(error)}
        where = ".".join(str(each) for each in first["loc"]) or "the whole"
        msg = f"{place} is no manifest of a version: {where}: {first['msg']}; take the release from its source again"
        raise DataError(msg) from error
