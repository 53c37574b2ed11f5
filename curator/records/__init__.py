"""The records that cross boundaries, and how text becomes a record.

Frozen, validated, without behaviour beyond their own truth.
"""

from curator.records.audit_chain import Event, link
from curator.records.correctness import is_right, valid_answer
from curator.records.ids import canonical_json, digest, message_from_json, message_json, row_external_id, short_id
from curator.records.intake import FIELDS, MESSAGE_ROLES, Parsed, Rejected, parse_mapping, parse_record, resolve_mapping
from curator.records.names import check_name, check_shown, file_stem
from curator.records.places import in_test, in_train, split_now
from curator.records.prompting import build_prompt, parse_answer, prompt_hash_source
from curator.records.roles import ALLOWED, ROLES, Permission, Role, check_revocation, clean_name, identity, may
from curator.records.structured import DEPTH, TooDeepError, nested_too_deep, read_json, read_toml, too_deep
from curator.records.task import Task, check_task, make_task, parse_task
from curator.records.types import (
    GOLD,
    Action,
    Bound,
    Decision,
    Example,
    Finding,
    FindingKind,
    Label,
    LabelerKind,
    Message,
    PreferencePair,
    Purpose,
    Review,
    ReviewVerdict,
    Split,
    Stream,
    TaskKind,
    TextPart,
    TrainingRun,
)

__all__ = [
    "ALLOWED",
    "DEPTH",
    "FIELDS",
    "GOLD",
    "MESSAGE_ROLES",
    "ROLES",
    "Action",
    "Bound",
    "Decision",
    "Event",
    "Example",
    "Finding",
    "FindingKind",
    "Label",
    "LabelerKind",
    "Message",
    "Parsed",
    "Permission",
    "PreferencePair",
    "Purpose",
    "Rejected",
    "Review",
    "ReviewVerdict",
    "Role",
    "Split",
    "Stream",
    "Task",
    "TaskKind",
    "TextPart",
    "TooDeepError",
    "TrainingRun",
    "build_prompt",
    "canonical_json",
    "check_name",
    "check_revocation",
    "check_shown",
    "check_task",
    "clean_name",
    "digest",
    "file_stem",
    "identity",
    "in_test",
    "in_train",
    "is_right",
    "link",
    "make_task",
    "may",
    "message_from_json",
    "message_json",
    "nested_too_deep",
    "parse_answer",
    "parse_mapping",
    "parse_record",
    "parse_task",
    "prompt_hash_source",
    "read_json",
    "read_toml",
    "resolve_mapping",
    "row_external_id",
    "short_id",
    "split_now",
    "too_deep",
    "valid_answer",
]
