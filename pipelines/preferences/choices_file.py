"""What people said of comparisons elsewhere, out of a file of JSON Lines or a table."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curator.errors import NotFoundError, RequestError
from curator.records import check_person, identity_text, short_id
from pipelines.files import read_rows
from pipelines.preferences import choose
from pipelines.runtime import acting
from storage.dataset import examples
from storage.engine.store import Store
from storage.review import comparisons, people

_KEYS = {"comparison", "external_id", "reviewer", "choice", "seconds", "note"}


@dataclass(frozen=True, slots=True)
class ChoicesReport:
    """What came in.

    Attributes:
        plan: The comparisons' id.
        added: Answers that went in.
        unchanged: Answers that were there.
        rejected: Lines that could not be taken.
        by_reason: How many of them for each reason.
        rejects: Line, reason and detail of each.
        tasks_left: Comparisons that fewer people have answered than are asked.
        same_person: Name given -> the spelling under which the person is kept, where they differ.
        notes: What of the file was not read.
    """

    plan: str
    added: int
    unchanged: int
    rejected: int
    by_reason: dict[str, int]
    rejects: tuple[dict[str, Any], ...]
    tasks_left: int
    same_person: dict[str, str]
    notes: tuple[str, ...]


def import_file(path: Path, batch: str, store: Store) -> ChoicesReport:
    """Take answers to comparisons. Reading a file twice adds nothing.

    A line has `comparison` or `external_id`, `reviewer`, and `choice`: left or right as the app shows the answers, a or
    b, the name of a source, tie or skip. Of several lines of one person about one comparison the last counts.

    Raises:
        NotFoundError: No such comparisons.
    """
    acting.require("review")
    rows = comparisons.of_batch(store, batch)
    if rows.is_empty():
        msg = f"no comparisons {batch!r}; `curator pairs compare --a SOURCE --b SOURCE` draws some and prints their id"
        raise NotFoundError(msg)
    known = {row["comparison"]: row for row in rows.iter_rows(named=True)}
    names = examples.external_ids(store, rows["example_id"].unique().to_list())
    of_row = Counter(names[row["example_id"]] for row in known.values())
    by_row = {names[row["example_id"]]: ident for ident, row in known.items()}
    rejects: list[dict[str, Any]] = []
    said: dict[tuple[str, str], tuple[Mapping[str, Any], str]] = {}
    ignored: Counter[str] = Counter()
    for row in read_rows(path):
        if row.record is None:
            rejects.append({"line": row.line, "reason": row.reason, "detail": row.detail})
            continue
        line = {key: value for key, value in row.record.items() if value not in ("", None)}
        ignored.update(str(key) for key in row.record if key not in _KEYS)
        try:
            ident = _comparison(line, known, by_row, of_row)
            reviewer, choice = check_person(line.get("reviewer")), _side(line.get("choice"), known[ident])
        except (RequestError, NotFoundError) as error:
            rejects.append({"line": row.line, "reason": _reason(line), "detail": str(error)})
            continue
        said.pop((ident, reviewer), None)
        said[ident, reviewer] = line, choice
    added, kept = _store(store, batch, known, said)
    after = comparisons.of_batch(store, batch)
    return ChoicesReport(
        plan=batch,
        added=added,
        unchanged=len(said) - added,
        rejected=len(rejects),
        by_reason=dict(Counter(str(r["reason"]) for r in rejects)),
        rejects=tuple(rejects),
        tasks_left=int((after["people"] < after["overlap"]).sum()),
        same_person={name: one for name, one in kept.items() if name != one},
        notes=tuple(f"key {key!r} is not read ({n:,} lines)" for key, n in ignored.items()),
    )


def _reason(line: Mapping[str, Any]) -> str:
    try:
        check_person(line.get("reviewer"))
    except RequestError:
        return "bad_reviewer" if str(line.get("reviewer") or "").strip() else "no_reviewer"
    return "unknown_choice" if "comparison" in line or "external_id" in line else "unknown_comparison"


def _comparison(
    line: Mapping[str, Any], known: Mapping[str, Any], by_row: Mapping[str, str], of_row: Mapping[str, int]
) -> str:
    if "comparison" in line:
        if (ident := str(line["comparison"])) not in known:
            msg = f"comparison {ident!r} is not of this batch"
            raise NotFoundError(msg)
        return ident
    external = identity_text(line.get("external_id"))
    if external is None or external not in by_row:
        msg = f"row {external!r} is in no comparison of this batch; name a row by `external_id`, or a `comparison`"
        raise NotFoundError(msg)
    if of_row[external] > 1:
        msg = f"row {external!r} is in {of_row[external]} comparisons; say which by `comparison`"
        raise RequestError(msg)
    return by_row[external]


def _side(raw: Any, row: Mapping[str, Any]) -> str:  # noqa: ANN401 - raw JSON
    """left, right, tie or skip."""
    choice = str(raw or "").strip()
    if choice.lower() in ("left", "right", "tie", "skip"):
        return choice.lower()
    sides = {"a": "a", "b": "b", row["a_source"]: "a", row["b_source"]: "b"}
    found = sides.get(choice, sides.get(choice.lower()))
    if found is None or row["a_source"] == row["b_source"] == choice:
        msg = f"choice {choice!r} is unknown, expected left, right, a, b, the name of a source, tie or skip"
        raise RequestError(msg)
    return "left" if found == row["left_side"] else "right"


def _store(
    store: Store,
    batch: str,
    known: Mapping[str, Any],
    said: Mapping[tuple[str, str], tuple[Mapping[str, Any], str]],
) -> tuple[int, dict[str, str]]:
    kept = people.known_as(store, dict.fromkeys(reviewer for _, reviewer in said))
    dataset = str(next(iter(known.values()))["dataset"])
    have = {
        (row["comparison"], row["reviewer"]): row["choice"]
        for row in comparisons.answers(store, dataset, batch=batch).iter_rows(named=True)
    }
    added, moment = 0, store.seq()
    for (ident, reviewer), (line, side) in said.items():
        left = known[ident]["left_side"]
        choice = side if side in ("tie", "skip") else left if side == "left" else "ba"["ab".index(left)]
        if have.get((ident, kept[reviewer])) == choice:
            continue
        action = short_id("pc", [batch, ident, kept[reviewer], moment])
        note = str(line["note"]) if line.get("note") else None
        added += choose.prefer(
            store, batch, ident, reviewer, side, action_id=action, seconds=_seconds(line.get("seconds")), note=note
        )
    return added, kept


def _seconds(raw: Any) -> float | None:  # noqa: ANN401 - raw JSON or a cell
    try:
        return None if raw is None else float(str(raw).replace(",", "."))
    except ValueError:
        return None
