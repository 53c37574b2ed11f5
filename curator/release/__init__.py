"""What leaves: splits, formats, validation, gates, the manifest, the cards of a release.

A version is what its manifest hashes (decision 7).
"""

from curator.release.cards import readme
from curator.release.carriage import Turns, as_prompt, turns_of
from curator.release.companions import companions
from curator.release.croissant import croissant
from curator.release.diff import FileProblem, diff_manifests, verify
from curator.release.encoding import Look, NoTableError, look, look_at_table, parquet_lines
from curator.release.figure_gates import (
    LabelledUnder,
    SignOff,
    agreement_gate,
    balance_gate,
    demanded,
    rubric_gate,
    signed_gate,
    size_gate,
)
from curator.release.figures import version_figures
from curator.release.filters import Filters, filters
from curator.release.formats import FORMATS, LAYOUT, cannot_carry, get_format, render, render_format, says_of_tools
from curator.release.gate_report import (
    GateResult,
    as_junit,
    as_summary,
    gates_of_file,
    gates_of_version,
)
from curator.release.gates import (
    Template,
    blocking,
    carried_gate,
    certificate_gate,
    content_gate,
    contradiction_gate,
    format_gate,
    leak_gate,
    personal_gate,
    reviewed_gate,
    secrets_gate,
    template_gate,
    variety_gate,
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
from curator.release.proof import FileProof, Proof, Prover, loaders_gate
from curator.release.rows import DpoRow, SftRow, Stage
from curator.release.sealing import build_manifest, file_fact, manifest_bytes, manifest_hash, seal, unsealed
from curator.release.splits import SplitResult, assign_splits
from curator.release.tool_forms import TOOL_FORMS, ToolForm, ToolRow, label_config
from curator.release.validation import Validation, validate_lines

__all__ = [
    "FORMATS",
    "LAYOUT",
    "TOOL_FORMS",
    "CertificateFact",
    "DatasetVersion",
    "DpoRow",
    "FileFact",
    "FileProblem",
    "FileProof",
    "Filters",
    "GateResult",
    "LabelledUnder",
    "Look",
    "Manifest",
    "NoTableError",
    "Proof",
    "Prover",
    "ReleaseGate",
    "ReleasedRow",
    "SftRow",
    "SignOff",
    "SplitResult",
    "Stage",
    "Template",
    "ToolForm",
    "ToolRow",
    "Turns",
    "Validation",
    "Waiver",
    "agreement_gate",
    "as_junit",
    "as_prompt",
    "as_summary",
    "assign_splits",
    "balance_gate",
    "blocking",
    "build_manifest",
    "cannot_carry",
    "carried_gate",
    "certificate_gate",
    "companions",
    "content_gate",
    "contradiction_gate",
    "croissant",
    "demanded",
    "diff_manifests",
    "file_fact",
    "filters",
    "format_gate",
    "gates_of_file",
    "gates_of_version",
    "get_format",
    "label_config",
    "leak_gate",
    "loaders_gate",
    "look",
    "look_at_table",
    "manifest_bytes",
    "manifest_hash",
    "parquet_lines",
    "personal_gate",
    "read_manifest",
    "readme",
    "render",
    "render_format",
    "reviewed_gate",
    "rubric_gate",
    "says_of_tools",
    "seal",
    "secrets_gate",
    "signed_gate",
    "size_gate",
    "template_gate",
    "turns_of",
    "unsealed",
    "validate_lines",
    "variety_gate",
    "verify",
    "version_figures",
]
