"""What an ingest is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from curator.records import LabelerKind, Split

Source = Literal["import", "production", "teacher", "expert"]
LABELER_KINDS: dict[Source, LabelerKind] = {
    "import": "imported",
    "production": "production",
    "teacher": "teacher",
    "expert": "human",
}
"""What whoever labelled the rows is, by where the rows come from."""
NAMES: dict[LabelerKind, Source] = {kind: source for source, kind in LABELER_KINDS.items()}
"""What a labeler without a name is called."""


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """What to read and how.

    Attributes:
        dataset: Where to.
        files: What to read.
        mapping: Field -> column. None switches a field off; a field left out is known by its column's name.
        source: Where the rows come from, and so who labelled them, where the file does not say it.
        labeler: Who gave the labels that name nobody.
        split: For all rows.
        encoding: Of text files.
        format: The name of the files' format; None recognises it.
        dry_run: Say what would come in, and write nothing.
    """

    dataset: str
    files: tuple[Path, ...]
    mapping: Mapping[str, str | None] = field(default_factory=dict)
    source: Source = "import"
    labeler: str | None = None
    split: Split | None = None
    encoding: str | None = None
    format: str | None = None
    dry_run: bool = False
