"""Comparisons as records of a review board (for example Argilla): A or B, with the sides that chance gave them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from curator.ports import BoardEntry, BoardForm, BoardRecord
from curator.records import Task, digest, short_id
from curator.review import HASH_CHARS, Wanted, action_id, action_start, dataset_name

CHOICES = {
    "A": "the first answer is better",
    "B": "the second answer is better",
    "tie": "neither is better; such a row trains nothing",
}
_SAID: Mapping[str, Literal["left", "right", "tie"]] = {"A": "left", "B": "right", "tie": "tie"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """One person's answer to one comparison. `said` is left or right as the two stood on the board."""

    comparison: str
    reviewer: str
    said: Literal["left", "right", "tie", "skip"]
    action_id: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Choices:
    """The board's answers, oldest first; what was left out and why; the starts of withdrawn answers' action ids."""

    chosen: tuple[Chosen, ...]
    left_out: dict[str, int]
    withdrawn: tuple[str, ...]


def preference_form(task: Task, dataset: str, batch: str, overlap: int) -> BoardForm:
    """What the board asks: which of two answers is better."""
    guidelines = f"Which answer is better? Choose A, B or tie.\n\n{task.rubric.strip() or task.name}"
    return BoardForm(dataset_name(dataset, batch), guidelines[:10_000], dict(CHOICES), overlap)


def comparisons_wanted(
    comparisons: Iterable[Mapping[str, Any]], *, excluded: frozenset[str], answered: frozenset[str]
) -> Wanted:
    """What should be on the board.

    Args:
        comparisons: comparison, batch, example_id, content_hash, text, a, b, left_side.
        excluded: Examples that a decision has taken out; their comparisons leave the board.
        answered: Comparisons that enough people have answered elsewhere; they need not go there.
    """
    records: list[BoardRecord] = []
    gone: dict[str, Literal["excluded", "adjudicated", "reviewed_elsewhere"]] = {}
    reviewed = 0
    for row in comparisons:
        if row["example_id"] in excluded:
            gone[row["comparison"]] = "excluded"
        elif row["comparison"] in answered:
            reviewed += 1
        else:
            records.append(_record(row))
    return Wanted(tuple(records), gone, second_looks=0, disputed=0, reviewed=reviewed)


def shown(row: Mapping[str, Any]) -> str:
    """The card's text: the input, then both answers on their sides, without a word about where they come from."""
    first, second = (row["a"], row["b"]) if row["left_side"] == "a" else (row["b"], row["a"])
    return f"{row['text']}\n\n--- A ---\n{first}\n\n--- B ---\n{second}"


def choices(
    entries: Sequence[BoardEntry], comparisons: Iterable[Mapping[str, Any]], reviewers: Mapping[str, str]
) -> Choices:
    """Read the board's answers. One counts only for the text and the sides that its record's id was made from.

    Submitted is a choice, discarded is skip, a draft is left out. `reviewers` maps the board's user names to
    reviewers; a name that it lacks stands for itself.
    """
    asked = {_record_id(row): row for row in comparisons}
    found: list[tuple[str, Chosen]] = []
    left_out: dict[str, int] = {}
    withdrawn: list[str] = []
    for entry in entries:
        row = asked.get(entry.id)
        changed = row is None or entry.text != shown(row)
        for response in entry.responses:
            reason = "changed_text" if changed else "unknown_user" if response.user is None else None
            if reason is None and response.status != "submitted":
                withdrawn.append(action_start(entry.id, response.user_id))
                reason = "draft" if response.status == "draft" else None
            said = "skip" if response.status == "discarded" else _SAID.get(response.value or "")
            reason = reason or (None if said else "no_value")
            if row is None or response.user is None or said is None or reason is not None:
                left_out[reason or "changed_text"] = left_out.get(reason or "changed_text", 0) + 1
                continue
            reviewer = reviewers.get(response.user, response.user)
            one = Chosen(row["comparison"], reviewer, said, action_id(entry, response), response.comment)
            found.append((response.updated_at, one))
    found.sort(key=lambda pair: pair[0])
    return Choices(tuple(one for _, one in found), left_out, tuple(withdrawn))


def _record_id(row: Mapping[str, Any]) -> str:
    return f"{row['comparison']}.{digest(shown(row))[:HASH_CHARS]}.1"


def _record(row: Mapping[str, Any]) -> BoardRecord:
    metadata = {"stream": "preference", "plan": str(row["batch"]), "content_hash": str(row["content_hash"])}
    text = shown(row)
    return BoardRecord(
        id=_record_id(row),
        text=text,
        note=None,
        suggestion=None,
        score=None,
        agent="curator",
        metadata=metadata,
        fingerprint=short_id("b", {"text": text, **metadata}),
    )
