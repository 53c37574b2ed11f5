"""What a file says anew about rows that are there: a recorded change, or a refusal with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from curator.records import Parsed, read_exact, write_exact
from storage.dataset import changes
from storage.dataset.changes import Change, Fact, Facts
from storage.engine.store import Store


@dataclass(slots=True)
class NewFacts:
    """The changes that some rows bring, and the rows whose news cannot be taken, each with its reason."""

    changes: list[Change] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def news(store: Store, dataset: str, rows: Sequence[tuple[int, Parsed]]) -> NewFacts:
    """Compare rows that are known with what is known of them.

    Args:
        store: The store.
        dataset: The dataset.
        rows: Row number and row, one for each example.

    Returns:
        A fact that the file leaves out or leaves empty is no news. A split that the ledger holds stays: a test row
        that trained once is none.
    """
    known = changes.facts(store, dataset, [parsed.example.id for _, parsed in rows]) if rows else {}
    made = NewFacts()
    for number, parsed in rows:
        have = known.get(parsed.example.id)
        if have is None:
            continue
        wanted = parsed.example.split
        if wanted is not None and have.assigned is not None and wanted != have.assigned:
            made.refused[number] = (
                f"id {parsed.example.external_id!r} is in {have.assigned} since a split was drawn, and stays there; "
                f"to have it in {wanted}, make a new dataset"
            )
            continue
        made.changes += _changes(number, parsed, have)
    return made


def _changes(number: int, parsed: Parsed, have: Facts) -> list[Change]:
    example = parsed.example
    said: list[tuple[Fact, str | None, str | None]] = [
        ("group", example.group, have.group),
        ("time", example.time, have.time),
        ("split", None if have.assigned else example.split, have.split),
    ]
    if example.metadata:
        before = dict(read_exact(have.metadata)) if have.metadata else {}
        after = before | dict(example.metadata)
        said.append(("metadata", write_exact(after) if after != before else None, have.metadata))
    return [Change(example.id, fact, now, was, number) for fact, now, was in said if now is not None and now != was]
