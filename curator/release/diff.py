"""Dataset versions: what changed from one to another, and whether a release folder is intact."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

from curator.records import Split
from curator.release.manifest import MANIFEST, CertificateFact, FileFact, Manifest, ReleasedRow
from curator.release.sealing import content_hash, manifest_bytes


@dataclass(frozen=True, slots=True)
class Relabel:
    """A row that is in both versions under different labels."""

    example_id: str
    external_id: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class SplitMove:
    """A row that is in both versions in different splits."""

    example_id: str
    external_id: str
    old: Split
    new: Split


@dataclass(frozen=True, slots=True)
class VersionDiff:
    """What changed from one version to another. Rows are ordered by example id.

    Attributes:
        old: `NAME@N` of the first.
        new: `NAME@N` of the second.
        added: Rows only in the second.
        removed: Rows only in the first.
        relabelled: Rows whose label changed.
        moved: Rows whose split changed.
        unchanged: The number of rows with the same label and split.
        labels: (old, new) number of rows by label, where they differ.
        settings: (old, new) by dotted name, where they differ; None where one has no such setting.
        gates: (old, new) of whether a gate passed, where they differ; None where one has no such gate.
        certificate: (old, new) status and upper bound, where they differ.
    """

    old: str
    new: str
    added: tuple[ReleasedRow, ...]
    removed: tuple[ReleasedRow, ...]
    relabelled: tuple[Relabel, ...]
    moved: tuple[SplitMove, ...]
    unchanged: int
    labels: dict[str, tuple[int, int]]
    settings: dict[str, tuple[Any, Any]]
    gates: dict[str, tuple[Any, Any]]
    certificate: dict[str, tuple[Any, Any]]


def diff_manifests(old: Manifest, new: Manifest) -> VersionDiff:
    """Compare two versions row by row, and in settings, gates and certificate."""
    before, after = _by_id(old), _by_id(new)
    both = sorted(before.keys() & after.keys())
    relabelled = tuple(
        Relabel(i, after[i][1].external_id, before[i][1].label, after[i][1].label)
        for i in both
        if before[i][1].label != after[i][1].label
    )
    moved = tuple(
        SplitMove(i, after[i][1].external_id, before[i][0], after[i][0]) for i in both if before[i][0] != after[i][0]
    )
    counts = [Counter(row.label for _, row in side.values()) for side in (before, after)]
    return VersionDiff(
        old=old.version,
        new=new.version,
        added=tuple(after[i][1] for i in sorted(after.keys() - before.keys())),
        removed=tuple(before[i][1] for i in sorted(before.keys() - after.keys())),
        relabelled=relabelled,
        moved=moved,
        unchanged=len(both) - len({each.example_id for each in relabelled} | {each.example_id for each in moved}),
        labels={
            label: (counts[0][label], counts[1][label])
            for label in sorted(counts[0].keys() | counts[1].keys())
            if counts[0][label] != counts[1][label]
        },
        settings=_deltas(*(_flat(each.settings.as_json()) for each in (old, new))),
        gates=_deltas(*({gate.name: gate.passed for gate in each.gates} for each in (old, new))),
        certificate=_deltas(*(_certified(each.certificate) for each in (old, new))),
    )


def _by_id(manifest: Manifest) -> dict[str, tuple[Split, ReleasedRow]]:
    return {row.example_id: (split, row) for split, rows in manifest.rows.items() for row in rows}


def _deltas(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    keys = sorted(old.keys() | new.keys())
    return {key: (old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)}


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, each in value.items():
        flat |= _flat(each, f"{prefix}{key}.") if isinstance(each, dict) else {f"{prefix}{key}": each}
    return flat


def _certified(certificate: CertificateFact | None) -> dict[str, Any]:
    bound = certificate.shipped_error if certificate else None
    return {
        "status": certificate.status if certificate else "UNCERTIFIED",
        "upper_one_sided": bound.upper_one_sided if bound else None,
    }


@dataclass(frozen=True, slots=True)
class FileProblem:
    """Something in a release folder that is not as its manifest says."""

    kind: Literal["missing", "extra", "changed", "unreadable", "unsafe_path", "changed_manifest"]
    path: str
    hint: str


def verify(
    read: Callable[[str], bytes],
    listing: Iterable[str],
    manifest: Mapping[str, Any],
    *,
    expected_sha256: str | None = None,
) -> tuple[FileProblem, ...]:
    """Compare a release folder with its manifest.

    The hash inside a manifest shows an accident or a careless edit; only a hash kept elsewhere
    (`expected_sha256`, from the store) shows that a whole folder was rewritten.

    Args:
        read: The bytes of a file, by its path inside the release.
        listing: Every file's path inside the release, with forward slashes.
        manifest: The manifest, parsed.
        expected_sha256: The SHA-256 of `manifest.json` as released, where it is known.

    Returns:
        What is wrong, ordered by path; empty where the release is intact.
    """
    try:
        facts = {str(each["path"]): FileFact(**each) for each in manifest["files"]}
        intact = manifest.get("content_sha256") == content_hash(manifest)
    except (KeyError, TypeError, ValueError) as error:
        hint = f"the manifest has no readable list of files ({error}); take the release from its source again"
        return (FileProblem("changed_manifest", MANIFEST, hint),)
    problems: list[FileProblem] = []
    present = set(listing)
    if not intact:
        hint = "the manifest was edited: its own hash does not match; restore it, or release again"
        problems.append(FileProblem("changed_manifest", MANIFEST, hint))
    if MANIFEST not in present:
        problems.append(FileProblem("missing", MANIFEST, "the manifest file is gone; restore it, or release again"))
    else:
        problems += _check_manifest_file(read, manifest, expected_sha256)
    for path, fact in facts.items():
        problems += _check_file(read, present, path, fact)
    for path in present - facts.keys() - {MANIFEST}:
        problems.append(FileProblem("extra", path, "the manifest does not know this file; remove it"))
    return tuple(sorted(problems, key=lambda each: (each.path, each.kind)))


def _check_manifest_file(
    read: Callable[[str], bytes], manifest: Mapping[str, Any], expected: str | None
) -> list[FileProblem]:
    try:
        data = read(MANIFEST)
    except OSError as error:
        return [FileProblem("unreadable", MANIFEST, f"the manifest cannot be read ({error})")]
    if data != manifest_bytes(manifest):
        return [FileProblem("changed_manifest", MANIFEST, "the file does not hold the bytes of this manifest")]
    if expected is not None and hashlib.sha256(data).hexdigest() != expected:
        return [FileProblem("changed_manifest", MANIFEST, f"its SHA-256 is not {expected}, as it was released")]
    return []


def _check_file(read: Callable[[str], bytes], present: set[str], path: str, fact: FileFact) -> list[FileProblem]:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path:
        return [FileProblem("unsafe_path", path, "the path leads out of the release; do not trust this manifest")]
    if path not in present:
        return [FileProblem("missing", path, "the file is gone; restore it, or rebuild the version")]
    try:
        data = read(path)
    except OSError as error:
        return [FileProblem("unreadable", path, f"the file cannot be read ({error})")]
    if len(data) != fact.bytes or hashlib.sha256(data).hexdigest() != fact.sha256:
        hint = f"{len(data)} bytes that are not the {fact.bytes} released; restore it, or rebuild the version"
        return [FileProblem("changed", path, hint)]
    return []
