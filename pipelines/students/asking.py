"""A student or the base model answers rows; what was answered before is not asked again."""

from collections.abc import Sequence

import polars as pl

from curator.errors import RequestError
from curator.ports import Progress, Sampler
from curator.records import (
    Message,
    Task,
    TextPart,
    ToolCallPart,
    TrainingRun,
    build_prompt,
    digest,
    said_text,
    shown_text,
)
from curator.release import SftRow, as_prompt, cannot_carry
from pipelines.runtime import acting
from storage.dataset import examples
from storage.engine.store import Store
from storage.release import runs

MAX_TOKENS = 512
CLASSIFICATION_TOKENS = 16
"""Room for a student's label, if the longest label does not need more; a base model may think first."""


def answer(
    store: Store,
    rows: pl.DataFrame,
    run: TrainingRun | None,
    task: Task,
    *,
    dataset: str,
    version: int,
    sampler: Sampler,
    prompted: bool = False,
    progress: Progress = lambda _done, _total: None,
) -> str:
    """Let a run (None: the base model) answer rows (example_id, messages); returns the request key of the answers.

    A row that was answered before is not asked again. An answer has room for the longest label under the tokenizer of
    the model that answers; one that needs more is kept as cut.

    Args:
        store: The store.
        rows: What to answer.
        run: Who answers.
        task: What the rows are labelled for.
        dataset: Its name.
        version: The version's number.
        sampler: What samples.
        prompted: Ask with the task's whole prompt, as a teacher is asked.
        progress: Called with (answers, rows).
    """
    acting.require("train")
    who = run.id if run else ["base", sampler.base_model, "prompted" if prompted else "bare"]
    most = CLASSIFICATION_TOKENS if run is not None and task.kind == "classification" else MAX_TOKENS
    key = digest([who, run.sampler_path if run else None, dataset, task.content_hash, most, "room for each label"])
    have = set(runs.predictions(store, key)["example_id"].to_list())
    todo = rows.filter(~pl.col("example_id").is_in(list(have)))
    if todo.height:
        _refuse_beyond_text(todo, prompted=prompted)
        made = sampler.sample(
            [_conversation(task, stored, prompted=prompted) for stored in todo["messages"]],
            model_path=run.sampler_path if run else None,
            max_tokens=most,
            room_for=tuple(task.labels) if task.kind == "classification" else (),
            temperature=0.0,
            progress=progress,
        )
        runs.add_predictions(
            store,
            dataset=dataset,
            version=version,
            contestant=run.id if run else "base",
            request_key=key,
            example_ids=todo["example_id"].to_list(),
            completions=made,
        )
    return key


def _refuse_beyond_text(rows: pl.DataFrame, *, prompted: bool) -> None:
    """Refuse rows that would be asked with less than they hold: a student reads what it was trained on, text.

    Raises:
        RequestError: With how many rows there are, the first one, and why.
    """
    refused = []
    for ident, stored in rows.select("example_id", "messages").iter_rows():
        turns = as_prompt(examples.parse_messages(stored))
        if prompted and all(isinstance(part, TextPart | ToolCallPart) for turn in turns for part in turn.parts):
            continue  # the prompt holds the whole conversation as a transcript
        why = cannot_carry("tinker", SftRow(ident, (*turns, Message("assistant", (TextPart("?"),)))))
        if why is not None:
            refused.append((ident, why))
    if refused:
        ident, why = refused[0]
        msg = (
            f"a student is asked with text alone, which cannot carry {why}: {len(refused)} of {len(rows)} rows, the "
            f"first is {ident}; nothing was asked. Exclude them (`curator decide`) and release again"
        )
        raise RequestError(msg)


def _conversation(task: Task, stored: str, *, prompted: bool) -> Sequence[dict[str, str]]:
    messages = as_prompt(examples.parse_messages(stored))
    if prompted:
        return [{"role": "user", "content": build_prompt(task, shown_text(messages) or said_text(messages))}]
    return [{"role": m.role, "content": m.text} for m in messages]
