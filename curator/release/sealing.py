"""How a manifest is made from everything that a version was made from, hashed and closed."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from curator.composition import TokenLengths
from curator.errors import DataError
from curator.records import AuditHead, Split, SplitTruth, canonical_json, digest
from curator.release.encoding import Look
from curator.release.figure_gates import LabelledUnder, SignOff
from curator.release.manifest import (
    SCHEMA_VERSION,
    CertificateFact,
    FileFact,
    Manifest,
    ReleasedRow,
    ReleaseGate,
    Waiver,
    read_manifest,
)
from curator.release.proof import Proof

_LONG_LABEL = 120
_NOT_REQUESTED = frozenset({"number", "parent", "as_of_seq", "request_hash", "content_sha256", "audit_head", "lengths"})


def file_fact(path: str, data: bytes, rows: int | None = None) -> FileFact:
    """What the manifest says about a file with these bytes."""
    return FileFact(path, hashlib.sha256(data).hexdigest(), len(data), rows)


def build_manifest(
    *,
    name: str,
    number: int,
    parent: str | None,
    as_of_seq: int,
    curator_version: str,
    settings: Mapping[str, Any],
    files: Iterable[FileFact],
    rows: Mapping[Split, Sequence[ReleasedRow]],
    pairs: Mapping[Split, Sequence[str]],
    task: Mapping[str, Any],
    teacher: Mapping[str, Any] | None,
    splits: Mapping[str, Any],
    filters: Mapping[str, Any],
    excluded: Mapping[str, int],
    certificate: CertificateFact | None,
    agreement: Mapping[str, Any] | None,
    diversity: Mapping[str, Any] | None,
    gates: Sequence[ReleaseGate],
    waivers: Sequence[Waiver],
    tokens: Mapping[str, int],
    refused: Mapping[str, Mapping[str, Sequence[str]]] | None = None,
    test_truth: SplitTruth | None = None,
    looks: Mapping[str, Look] | None = None,
    proof: Proof | None = None,
    lengths: TokenLengths | None = None,
    labelled_under: LabelledUnder | None = None,
    sign_off: SignOff | None = None,
    audit_head: AuditHead | None = None,
) -> Manifest:
    """The manifest of a version, from its data files; `seal` adds the cards and closes it.

    Args:
        name: The dataset's name.
        number: The version's number, from 1.
        parent: The version before, `NAME@N`, or None.
        as_of_seq: The store's sequence number that the version is made as of.
        curator_version: The Curator that makes it.
        settings: All settings, resolved: also those left at their defaults.
        files: The data files.
        rows: The rows by split, in the order of the files. A label over 120 characters is kept as its hash.
        pairs: The ids of the preference pairs by split, in the order of the files.
        task: `name`, `kind`, `task_hash`, `rubric_hash`.
        teacher: `labeler`, `version`, `prompt_hash`, or None without a teacher.
        splits: How rows were split: seed, share, detector, threshold, components, straddling.
        filters: What left rows out, as `curator.release.filters` counts it, caps among it.
        excluded: Rows left out, by reason.
        certificate: What `certify` found about exactly these rows, or None.
        agreement: How far people agree, or None where no row was answered by two.
        diversity: The diversity report, or None.
        gates: What had to hold.
        waivers: Gates that do not stop this release.
        tokens: Token totals by name.
        refused: Format -> what it cannot carry -> the external ids of the rows that are not in its files for that.
        test_truth: The whole frozen test split: rows settled by people, waiting, or taken out.
        looks: What a reader finds in each data file.
        proof: What the trainers' loaders made of the files, where they were asked.
        labelled_under: Which definition of the task the rows were labelled under.
        sign_off: Who answers for the version by name.
        lengths: How long the rows are for a tokenizer. No part of what is asked for: a rerun with another one, or with
            one where there was none, is the same version.
        audit_head: The audit log's newest event as of that seq: a head kept outside the store.

    Raises:
        DataError: A row is listed twice, or a waiver names no gate or gives no name or reason, or a value
            is none that JSON can carry (NaN, a numpy number).
    """
    _check_rows(rows)
    _check_waivers(gates, waivers)
    manifest: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "name": name,
        "number": number,
        "parent": parent,
        "as_of_seq": as_of_seq,
        "curator_version": curator_version,
        "settings": dict(settings),
        "files": [asdict(each) for each in sorted(files, key=lambda each: each.path)],
        "rows": {
            split: [[row.example_id, row.external_id, _short(row.label)] for row in rows[split]]
            for split in sorted(rows)
        },
        "pairs": {split: list(pairs[split]) for split in sorted(pairs)},
        "task": dict(task),
        "teacher": None if teacher is None else dict(teacher),
        "splits": dict(splits),
        "filters": dict(filters),
        "refused": {format: {why: list(ids) for why, ids in each.items()} for format, each in (refused or {}).items()},
        "excluded": {reason: excluded[reason] for reason in sorted(excluded) if excluded[reason]},
        "certificate": None if certificate is None else certificate.as_json(),
        "agreement": None if agreement is None else dict(agreement),
        "diversity": None if diversity is None else dict(diversity),
        "gates": [asdict(gate) for gate in gates],
        "waivers": [waiver.model_dump() for waiver in waivers],
        "tokens": dict(tokens),
        "test_truth": None if test_truth is None else asdict(test_truth),
        "audit_head": None if audit_head is None else asdict(audit_head),
    }
    if looks is not None:
        manifest["schemas"] = {path: looks[path].schema for path in sorted(looks)}
        manifest["read_as_dates"] = {path: dates for path in sorted(looks) if (dates := looks[path].dates) is not None}
    if proof is not None:
        manifest["proof"] = proof.as_json()
    if labelled_under is not None:
        manifest["labelled_under"] = asdict(labelled_under)
    if sign_off is not None:
        manifest["sign_off"] = asdict(sign_off)
    if lengths is not None:
        manifest["lengths"] = asdict(lengths) | {"share_over": round(lengths.share_over, 6), "said": lengths.sentence()}
    # Through JSON and back, so that a manifest equals the one that is read from its file.
    try:
        manifest = json.loads(canonical_json(manifest))
    except (TypeError, ValueError) as error:
        msg = f"the manifest of {name}@{number} holds a value that JSON cannot carry ({error}); give plain values"
        raise DataError(msg) from error
    manifest["request_hash"] = request_hash(manifest)
    return read_manifest(manifest)


def _check_rows(rows: Mapping[Split, Sequence[ReleasedRow]]) -> None:
    places: dict[str, str] = {}
    for split, each in rows.items():
        for row in each:
            if row.example_id in places:
                msg = (
                    f"example {row.example_id} ({row.external_id!r}) is in {split} and again in "
                    f"{places[row.example_id]}; a row belongs into a version once"
                )
                raise DataError(msg)
            places[row.example_id] = split


def _check_waivers(gates: Sequence[ReleaseGate], waivers: Sequence[Waiver]) -> None:
    names = [gate.name for gate in gates]
    for waiver in waivers:
        if waiver.gate not in names:
            msg = f"waiver for {waiver.gate!r} names no gate; the gates are {', '.join(names)}"
            raise DataError(msg)
        if not waiver.who.strip() or not waiver.why.strip():
            msg = f"waiver for gate {waiver.gate!r} needs who waives it and why"
            raise DataError(msg)


def _short(label: str) -> str:
    if len(label) <= _LONG_LABEL:
        return label
    return "sha256:" + hashlib.sha256(label.encode("utf-8", "backslashreplace")).hexdigest()


def request_hash(manifest: Mapping[str, Any]) -> str:
    """What an unchanged rerun has in common with its version: everything but its number, parent and place in time.

    Cards and the closing hash are left out as well, so it is the same before and after `seal`.
    """
    kept = {key: value for key, value in manifest.items() if key not in _NOT_REQUESTED}
    kept["files"] = [each for each in kept["files"] if each["rows"] is not None]
    return digest(kept)


def seal(manifest: Manifest, cards: Mapping[str, bytes]) -> Manifest:
    """The final manifest: with the cards (files without rows) among its files, and a hash over itself."""
    files = sorted([*manifest.files, *(file_fact(*card) for card in cards.items())], key=lambda each: each.path)
    filled = manifest.model_copy(update={"files": tuple(files)})
    return filled.model_copy(update={"content_sha256": content_hash(filled.as_json())})


def content_hash(manifest: Mapping[str, Any]) -> str:
    """The hash that a sealed manifest carries over everything else in it."""
    return digest({key: value for key, value in manifest.items() if key != "content_sha256"})


def unsealed(manifest: Manifest) -> Manifest:
    """The manifest as its cards were made from it: with its data files alone."""
    return manifest.model_copy(update={"files": manifest.data_files})


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """The bytes of `manifest.json`: canonical JSON with one top-level key on each line, for people and diffs."""
    lines = [canonical_json(key) + b": " + canonical_json(manifest[key]) for key in sorted(manifest)]
    return b"{\n" + b",\n".join(lines) + b"\n}\n"


def manifest_hash(manifest: Mapping[str, Any]) -> str:
    """SHA-256 of `manifest.json`, in hex."""
    return hashlib.sha256(manifest_bytes(manifest)).hexdigest()
