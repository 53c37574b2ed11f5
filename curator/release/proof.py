"""What the trainers' own loaders made of a release: which file each read, what was compared, and what was other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from curator.release.manifest import ReleaseGate


@dataclass(frozen=True, slots=True)
class FileProof:
    """What one loader made of one file.

    Attributes:
        path: The file, in the release.
        loader: The library and its version, such as `trl 1.16.0`.
        compared: What was held against the store, row by row.
        rows: Rows that the loader kept.
        problems: What was other than in the store, the first few; none where all is equal.
    """

    path: str
    loader: str
    compared: str
    rows: int
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """What all loaders made of a release, and the files that none of them reads."""

    files: tuple[FileProof, ...]
    unread: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values, for the manifest."""
        return asdict(self)


Prover = Callable[[str, Sequence[Mapping[str, Any]]], Proof]
"""Reads a release's folder by the real loaders, and holds each row against what was meant: path, prompt, answers."""


def loaders_gate(proof: Proof) -> ReleaseGate:
    """Whether every file came through its loaders as the store has it."""
    wrong = [f"{each.path} by {each.loader}: {'; '.join(each.problems)}" for each in proof.files if each.problems]
    if wrong:
        return ReleaseGate("loaders", False, "; ".join(wrong[:5]))
    read = ", ".join(sorted({each.loader for each in proof.files}))
    paths = {each.path for each in proof.files}
    why = f"{len(paths)} files were read by {read or 'no loader'}, each row equal to the store"
    if proof.unread:
        why += f"; by our own rules alone: {', '.join(proof.unread)}"
    return ReleaseGate("loaders", True if proof.files else None, why)
