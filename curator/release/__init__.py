"""What leaves: splits, formats, validation, gates, the manifest, the cards of a release.

A version is what its manifest hashes (decision 7).
"""

from curator.release.cards import croissant, readme
from curator.release.carriage import Turns, as_prompt, turns_of
from curator.release.diff import FileProblem, diff_manifests, verify
from curator.release.figures import version_figures
from curator.release.filters import Filters, filters
from curator.release.formats import (
    FORMATS,
    DpoRow,
    SftRow,
    Stage,
    cannot_carry,
    extra_files,
    get_format,
    parquet_lines,
    render,
)
from curator.release.gates import (
    blocking,
    carried_gate,
    certificate_gate,
    content_gate,
    contradiction_gate,
    format_gate,
    leak_gate,
    reviewed_gate,
    secrets_gate,
)
from curator.release.manifest import (
    CertificateFact,
    DatasetVersion,
    FileFact,
    Manifest,
    ReleasedRow,
    ReleaseGate,
    Waiver,
    read_manifest,
)
from curator.release.sealing import build_manifest, file_fact, manifest_bytes, manifest_hash, seal, unsealed
from curator.release.splits import SplitResult, assign_splits
from curator.release.validation import validate_lines

__all__ = [
    "FORMATS",
    "CertificateFact",
    "DatasetVersion",
    "DpoRow",
    "FileFact",
    "FileProblem",
    "Filters",
    "Manifest",
    "ReleaseGate",
    "ReleasedRow",
    "SftRow",
    "SplitResult",
    "Stage",
    "Turns",
    "Waiver",
    "as_prompt",
    "assign_splits",
    "blocking",
    "build_manifest",
    "cannot_carry",
    "carried_gate",
    "certificate_gate",
    "content_gate",
    "contradiction_gate",
    "croissant",
    "diff_manifests",
    "extra_files",
    "file_fact",
    "filters",
    "format_gate",
    "get_format",
    "leak_gate",
    "manifest_bytes",
    "manifest_hash",
    "parquet_lines",
    "read_manifest",
    "readme",
    "render",
    "reviewed_gate",
    "seal",
    "secrets_gate",
    "turns_of",
    "unsealed",
    "validate_lines",
    "verify",
    "version_figures",
]
