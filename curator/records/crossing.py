"""The frames that cross rooms, each stated once: the store makes them so, and the core checks them at its door."""

import polars as pl

from curator.records.frames import Column, FrameSchema

_ROW = Column("example_id", pl.String, "the row")
_SEQ = Column("seq", pl.Int64, "when, in the store's own count")
_HASH = Column("content_hash", pl.String, "a hash of the row's input")

EXAMPLES = FrameSchema(
    "a row of a dataset",
    (
        _SEQ,
        _ROW,
        Column("external_id", pl.String, "its id in the files"),
        _HASH,
        Column("text", pl.String, "what is said in it, without the system prompt"),
        Column("shown", pl.String, "the whole conversation as a transcript; the text where it is one plain turn"),
        Column("context", pl.String, "a hash of all that it is beside the text; null where there is nothing else"),
        Column("messages", pl.String, "its turns (JSON)"),
        Column("tools", pl.String, "the tools that the model may call (JSON); null without"),
        Column("metadata", pl.String, "the other columns that it came with (JSON); null without"),
        Column("group", pl.String, "rows of one group stay in one split; null without"),
        Column("source", pl.String, "where it came from"),
        Column("occurred", pl.String, "when, as its file says; null without"),
        Column("requested_split", pl.String, "the split that its file asks for; null without"),
        Column("split", pl.String, "the split that it is frozen in; null until then"),
    ),
)
LABELS = FrameSchema(
    "a label",
    (
        _SEQ,
        _ROW,
        Column("labeler", pl.String, "who gave it"),
        Column("kind", pl.String, "what the labeler is: teacher, human, rule, imported"),
        Column("version", pl.String, "the labeler's version"),
        Column("sample", pl.Int32, "which of several answers, from 0"),
        Column("value", pl.String, "the label"),
        Column("task_hash", pl.String, "the task definition that it was given under"),
        Column("confidence", pl.Float64, "the labeler's own, 0..1; null without"),
        Column("request_key", pl.String, "the request that brought it; null without"),
        Column("tokens_in", pl.Int64, "tokens asked; null where unknown"),
        Column("tokens_out", pl.Int64, "tokens answered; null where unknown"),
        Column("cost_usd", pl.Float64, "US dollars; null where unknown"),
        Column("latency_s", pl.Float64, "seconds; null where unknown"),
    ),
)
REVIEWS = FrameSchema(
    "a review in force",
    (
        _SEQ,
        Column("task", pl.String, "the task that it answers"),
        Column("plan", pl.String, "the task's plan"),
        _ROW,
        Column("reviewer", pl.String, "who, in one spelling"),
        Column("verdict", pl.String, "accept, edit, reject or skip"),
        Column("value", pl.String, "the label that it says is right; null where it names none"),
        Column("blind", pl.Boolean, "whether it was given without seeing the label under review"),
        Column("seconds", pl.Float64, "seconds it took; null where unknown"),
        Column("note", pl.String, "a comment; null without"),
        Column("action_id", pl.String, "what makes the answer unique; null in an old store"),
        Column("stream", pl.String, "the task's stream"),
        Column("stratum", pl.String, "the task's stratum"),
        _HASH,
        Column("proposed", pl.String, "the label that was reviewed; null without one"),
        Column("adjudicates", pl.Boolean, "whether it is the last word"),
        Column("overlap", pl.Int32, "how many people the task asks"),
        Column("hidden", pl.Boolean, "whether the task hides the label under review"),
    ),
)
DECISIONS = FrameSchema(
    "a row of a decision",
    (
        _SEQ,
        Column("decision", pl.String, "the decision's id"),
        Column("action", pl.String, "what was decided"),
        Column("value", pl.String, "the label, the row that is kept, or the decision taken back; null without"),
        Column("reviewer", pl.String, "who took it"),
        Column("reason", pl.String, "why"),
        Column("finding_id", pl.String, "the finding that it settles; null without"),
        _ROW,
    ),
)
PLAN_ROWS = FrameSchema(
    "a row that a plan was drawn from",
    (
        _ROW,
        Column("stratum", pl.String, "its stratum; known where it was settled before the draw"),
        _HASH,
        Column("teacher_value", pl.String, "the labeler's own label at the draw; null without"),
        Column("drawn_value", pl.String, "the label in force at the draw; null without"),
        Column("drawn_status", pl.String, "what had set that"),
    ),
)
TASKS = FrameSchema(
    "a review task",
    (
        Column("task", pl.String, "its id"),
        _ROW,
        Column("stream", pl.String, "audit, risk, test, adjudication, failure or gold"),
        Column("stratum", pl.String, "the row's stratum"),
        Column("inclusion_probability", pl.Float64, "the chance with which the row was drawn, 0..1"),
        Column("position", pl.Int64, "its place in the order of review"),
        Column("blind", pl.Boolean, "whether it hides the label under review"),
        _HASH,
    ),
)
PREDICTIONS = FrameSchema(
    "an answer to a request of a contestant",
    (
        _ROW,
        Column("answer", pl.String, "what it answered"),
        Column("latency_s", pl.Float64, "seconds; null where unknown"),
        Column("tokens_in", pl.Int64, "tokens asked; null where unknown"),
        Column("tokens_out", pl.Int64, "tokens answered; null where unknown"),
        Column("cut", pl.Boolean, "whether it ended at the limit"),
    ),
)
TODAY = FrameSchema(
    "a row's label as of today",
    (
        _ROW,
        _HASH,
        Column("value", pl.String, "the label in force; null without one"),
        Column("basis", pl.String, "what set it"),
        Column("out", pl.String, "why the row may not be released; null where it may"),
        Column("human_status", pl.String, "what people's reviews amount to; null where nobody has spoken"),
        Column("human_value", pl.String, "the label that people gave; null without one"),
    ),
)
