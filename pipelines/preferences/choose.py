"""What somebody says of a comparison, and taking it back: the one step that the page and an outside board share."""

from curator.errors import NotFoundError, RequestError
from curator.preferences import ComparisonAnswer, chosen
from pipelines.runtime import acting
from storage.engine.store import Store
from storage.review import comparisons, people


def prefer(
    store: Store,
    batch: str,
    comparison: str,
    reviewer: str,
    said: str,
    *,
    action_id: str,
    seconds: float | None = None,
    note: str | None = None,
) -> bool:
    """Store what somebody said of a comparison: left, right, tie or skip. The same action twice changes nothing.

    Raises:
        NotFoundError: It is not of this batch.
        RequestError: Something else was said.
    """
    acting.require("review")
    found = comparisons.one(store, batch, comparison)
    if found is None:
        msg = f"comparison {comparison!r} is not of this batch"
        raise NotFoundError(msg)
    choice: ComparisonAnswer
    match said:
        case "left" | "right":
            choice = chosen(said, found.left)
        case "tie" | "skip":
            choice = said
        case _:
            msg = f"{said!r} is no answer to a comparison; expected left, right, tie or skip"
            raise RequestError(msg)
    return comparisons.answer(
        store,
        comparison=comparison,
        dataset=found.dataset,
        reviewer=people.known_as(store, [reviewer])[reviewer],
        choice=choice,
        left=found.left,
        action_id=action_id,
        seconds=seconds,
        note=note,
    )


def take_back(store: Store, *, reviewer: str, undoes: str, action_id: str) -> bool:
    """Take one's own answer back. True if there was one; the same action twice changes nothing."""
    acting.require("review")
    known = people.known_as(store, [reviewer])[reviewer]
    return comparisons.undo(store, action_id=action_id, undoes=undoes, reviewer=known)
