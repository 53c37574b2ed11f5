"""A student or the base model answers rows; what was answered before is not asked again."""

from collections.abc import Mapping, Sequence
from functools import partial

import polars as pl

from curator.errors import NotEnoughDataError, RequestError
from curator.ports import Completion, Progress, Sampler
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
_BLOCK = 256
"""Answers that are asked for before they are stored: what a server's failure costs at most."""
CLASSIFICATION_TOKENS = 16
"""Room for a student's label, if the longest label does not need more; a base model may think first."""


def room(run: TrainingRun | None, task: Task) -> int:
    """Tokens that an answer may have, if the longest label does not need more; a base model may think first."""
    return CLASSIFICATION_TOKENS if run is not None and task.kind == "classification" else MAX_TOKENS


def answer(
    store: Store,
    rows: pl.DataFrame,
    run: TrainingRun | None,
    task: Task,
    *,
    dataset: str,
    version: int,
    sampler: Sampler | None,
    prompted: bool = False,
    who: str | None = None,
    progress: Progress = lambda _done, _total: None,
) -> str:
    """Let a run (None: the base model, or the endpoint `who`) answer rows (example_id, messages).

    Returns the request key of the answers.

    A row that was answered before is not asked again. An answer has room for the longest label under the tokenizer of
    the model that answers; one that needs more is kept as cut.

    Args:
        store: The store.
        rows: What to answer.
        run: Who answers.
        task: What the rows are labelled for.
        dataset: Its name.
        version: The version's number.
        sampler: What samples; None where a run has answered all rows before.
        prompted: Ask with the task's whole prompt, as a teacher is asked.
        who: What the answers are kept under where no run gives them; None is the base model.
        progress: Called with (answers, rows).
    """
    acting.require("train")
    kind = who or "base"
    if sampler is None and run is None:
        msg = f"contestant {kind!r} has to be sampled, and there is no sampler"
        raise RequestError(msg)
    base = sampler.base_model if sampler else ""
    who_key = run.id if run else [kind, base, "prompted" if prompted else "bare"]
    most = room(run, task)
    key = digest([who_key, run.sampler_path if run else None, dataset, task.content_hash, most, "room for each label"])
    have = set(runs.predictions(store, key)["example_id"].to_list())
    todo = rows.filter(~pl.col("example_id").is_in(list(have)))
    if todo.height and sampler is None:
        msg = (
            f"{todo.height} of {rows.height} rows were not answered yet by {run.id if run else kind}: evaluate it first"
        )
        raise NotEnoughDataError(msg)
    if todo.height and sampler is not None:
        _refuse_beyond_text(todo, prompted=prompted)
        for start in range(0, todo.height, _BLOCK):
            part = todo.slice(start, _BLOCK)
            made = sampler.sample(
                [conversation(task, stored, prompted=prompted) for stored in part["messages"]],
                model_path=run.sampler_path if run else None,
                max_tokens=most,
                room_for=tuple(task.labels) if task.kind == "classification" else (),
                temperature=0.0,
                progress=partial(_further, progress, start, todo.height),
            )
            runs.add_predictions(
                store,
                dataset=dataset,
                version=version,
                contestant=run.id if run else kind,
                request_key=key,
                example_ids=part["example_id"].to_list(),
                completions=made,
            )
    return key


def answer_prompts(
    store: Store,
    prompts: Mapping[str, str],
    run: TrainingRun | None,
    *,
    about: str,
    dataset: str,
    version: int,
    sampler: Sampler,
    progress: Progress = lambda _done, _total: None,
) -> dict[str, Completion]:
    """Let a run (None: the base model) answer prompts that are no rows; what was answered is not asked again.

    Args:
        store: The store.
        prompts: Id -> prompt.
        run: Who answers.
        about: Names exactly these prompts.
        dataset: Under which the answers are kept.
        version: The version's number.
        sampler: What samples.
        progress: Called with (answers, prompts).
    """
    acting.require("train")
    who = run.id if run else ["base", sampler.base_model]
    key = digest([who, run.sampler_path if run else None, "prompts", about, MAX_TOKENS])
    have = set(runs.predictions(store, key)["example_id"].to_list())
    todo = [ident for ident in prompts if ident not in have]
    for start in range(0, len(todo), _BLOCK):
        part = todo[start : start + _BLOCK]
        made = sampler.sample(
            [[{"role": "user", "content": prompts[ident]}] for ident in part],
            model_path=run.sampler_path if run else None,
            max_tokens=MAX_TOKENS,
            room_for=(),
            temperature=0.0,
            progress=partial(_further, progress, start, len(todo)),
        )
        runs.add_predictions(
            store,
            dataset=dataset,
            version=version,
            contestant=run.id if run else "base",
            request_key=key,
            example_ids=part,
            completions=made,
        )
    known = runs.predictions(store, key)
    return {
        row["example_id"]: Completion(row["answer"], row["latency_s"], row["tokens_in"], row["tokens_out"], row["cut"])
        for row in known.iter_rows(named=True)
    }


def _further(progress: Progress, before: int, total: int, done: int, _of: int) -> None:
    """Tell the progress of one block as that of all."""
    progress(before + done, total)


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


def conversation(task: Task, stored: str, *, prompted: bool) -> Sequence[dict[str, str]]:
    """What a contestant is asked for a row: its messages, or the task's whole prompt."""
    messages = as_prompt(examples.parse_messages(stored))
    if prompted:
        return [{"role": "user", "content": build_prompt(task, shown_text(messages) or said_text(messages))}]
    return [{"role": m.role, "content": m.text} for m in messages]
