"""All formats, and which of them a file is."""

from collections.abc import Sequence

from curator.errors import RequestError
from curator.importers.alpaca import ALPACA
from curator.importers.anthropic_batch import ANTHROPIC_BATCH, ANTHROPIC_REQUESTS
from curator.importers.argilla import ARGILLA, ARGILLA_FEEDBACK, ARGILLA_FLAT, ARGILLA_LEGACY
from curator.importers.bedrock_batch import BEDROCK_BATCH
from curator.importers.chat import CHAT
from curator.importers.doccano import DOCCANO
from curator.importers.form import ImportFormat, RawRecord
from curator.importers.gemini_batch import GEMINI_BATCH, GEMINI_REQUESTS, VERTEX_BATCH
from curator.importers.ground_truth import GROUND_TRUTH
from curator.importers.kto import KTO
from curator.importers.label_studio import LABEL_STUDIO, LABEL_STUDIO_FLAT
from curator.importers.logs import FEEDBACK, OPENAI_LOG, STORED
from curator.importers.openai_batch import OPENAI_BATCH, OPENAI_REQUESTS
from curator.importers.pairwise import PAIRWISE, ULTRAFEEDBACK
from curator.importers.preference import PREFERENCE
from curator.importers.prodigy import PRODIGY
from curator.importers.prompt_completion import PROMPT_COMPLETION
from curator.importers.sharegpt import SHAREGPT
from curator.importers.tokens import SPACY, SPACY_TRAINING, TAGGED
from curator.importers.traces import LANGFUSE, LANGSMITH

ANNOTATIONS = (
    LABEL_STUDIO,
    LABEL_STUDIO_FLAT,
    ARGILLA,
    ARGILLA_FLAT,
    ARGILLA_FEEDBACK,
    ARGILLA_LEGACY,
    PRODIGY,
    GROUND_TRUTH,
    SPACY,
    SPACY_TRAINING,
    TAGGED,
    DOCCANO,
)
BATCHES = (
    OPENAI_BATCH,
    OPENAI_REQUESTS,
    ANTHROPIC_BATCH,
    ANTHROPIC_REQUESTS,
    VERTEX_BATCH,
    GEMINI_BATCH,
    GEMINI_REQUESTS,
    BEDROCK_BATCH,
)
IMPORT_FORMATS: tuple[ImportFormat, ...] = (
    *BATCHES,
    *ANNOTATIONS,
    OPENAI_LOG,
    STORED,
    LANGSMITH,
    ULTRAFEEDBACK,
    PREFERENCE,
    PAIRWISE,
    KTO,
    LANGFUSE,
    FEEDBACK,
    SHAREGPT,
    ALPACA,
    CHAT,
    PROMPT_COMPLETION,
)
"""Most specific first: the first that fits is it."""
ROWS = "rows"
"""The name of what is no other tool's format: columns that are known by their names, or by `--map`."""


def named(name: str) -> ImportFormat | None:
    """The format of that name; None for `rows`.

    Raises:
        RequestError: There is none.
    """
    if name == ROWS:
        return None
    found = next((each for each in IMPORT_FORMATS if each.name == name), None)
    if found is None:
        msg = f"--from {name}: no such format; choose from {ROWS}, {', '.join(sorted(f.name for f in IMPORT_FORMATS))}"
        raise RequestError(msg)
    return found


def recognise(records: Sequence[RawRecord]) -> ImportFormat | None:
    """The format whose shape the first record has, or None: rows with columns.

    That the others have it too is seen by `stranger` as they are read.
    """
    if not records:
        return None
    first = of_record(records[0])
    return first or next((each for each in IMPORT_FORMATS if each.table and any(map(each.fits, records))), None)


def of_record(record: RawRecord) -> ImportFormat | None:
    """The first format that fits one record, or None."""
    return next((each for each in IMPORT_FORMATS if each.fits(record)), None)


def stranger(record: RawRecord, format: ImportFormat | None) -> ImportFormat | None:
    """Another format that a record has than the file's, or None.

    A record that has no format at all is one bad row; one that has another's says that two files were joined.
    """
    if format is not None and format.fits(record):
        return None
    other = of_record(record)
    return None if other is format or other is None or other.table or (format and format.table) else other
