"""What people said in another tool becomes reviews without a plan: it counts for everything that reads reviews."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from curator.records import Opinion, as_first_said
from pipelines.runtime import acting
from storage.dataset import datasets
from storage.engine.store import Store
from storage.review import opinions, people

VERDICTS = {"accepted": ("accept", "edit"), "rejected": ("reject",), "skipped": ("skip",)}


@dataclass(frozen=True, slots=True)
class OpinionReport:
    """What came in.

    Attributes:
        added: Opinions that went in.
        unchanged: Those that were there, and older ones than what is there of the same person about the same row.
        by_status: How many of those that went in are accepted, rejected or skipped.
        same_person: Name given -> the spelling under which the person is kept, where they differ.
    """

    added: int
    unchanged: int
    same_person: dict[str, str]
    by_status: Mapping[str, int] = field(default_factory=dict)


def take(
    store: Store, dataset: str, given: Sequence[Opinion], *, file: str, file_hash: str, dry_run: bool = False
) -> OpinionReport:
    """Record opinions about rows that are there. What a person has said already adds nothing.

    Args:
        store: The store.
        dataset: Of the rows.
        given: In the order in which they were said; values as the task checks them.
        file: Where they stand, by name.
        file_hash: Of its content.
        dry_run: Count what would come in, and write nothing.
    """
    acting.require("ingest")
    kept = people.known_as(store, dict.fromkeys(opinion.person for opinion in given))
    task = datasets.task_of(store, dataset)
    rows = list({opinion.example_id for opinion in given})
    standing, wrong = opinions.standing(store, dataset, rows), set(opinions.rejected(store, dataset, rows))
    said: dict[str, list[str | None]] = {}
    for (example, _), word in standing.items():
        said.setdefault(example, []).append(word.value)
    news = []
    for opinion in _last_words([replace(opinion, person=kept[opinion.person]) for opinion in given]):
        one = opinion
        if one.value is not None and task.kind == "extraction":
            spelled = said.setdefault(one.example_id, [])
            one = replace(one, value=as_first_said(task, one.value, *spelled))
            spelled.append(one.value)
        have = standing.get((one.example_id, one.person))
        again = one.status == "rejected" and (one.example_id, one.value, one.person) in wrong
        if not again and (have is None or _is_news(one, have)):
            news.append(one)
    by_status: Counter[str] = Counter(opinion.status for opinion in news)
    if dry_run:
        return OpinionReport(len(news), len(given) - len(news), {}, by_status)
    added = opinions.add(store, dataset, news, actor=acting.actor(), file=file, file_hash=file_hash)
    return OpinionReport(added, len(given) - added, {name: one for name, one in kept.items() if name != one}, by_status)


def _last_words(given: Sequence[Opinion]) -> list[Opinion]:
    """What each person says of a row in the end, in order.

    A tool may ask one person of one row several times: whether it is X, whether it is Y. The newest accepted label
    stands, and a rejection or skip counts beside it only where it is of that label and came later.
    """
    stands: dict[tuple[str, str], int] = {}
    for place, one in enumerate(given):
        key = (one.example_id, one.person)
        before = given[stands[key]] if key in stands else None
        if one.status == "accepted" and (before is None or (before.said_at or "") <= (one.said_at or "")):
            stands[key] = place
    kept = []
    for place, one in enumerate(given):
        at = stands.get((one.example_id, one.person))
        if at is None or place == at or (place > at and one.status == "rejected" and one.value == given[at].value):
            kept.append(one)
    return kept


def _is_news(opinion: Opinion, have: opinions.Word) -> bool:
    """Whether it is another word than the one that stands, and not an older one."""
    if opinion.said_at is not None and have.said_at is not None and opinion.said_at < have.said_at:
        return False
    accepted = have.verdict in VERDICTS["accepted"]
    if accepted and opinion.status == "rejected" and opinion.value not in (None, have.value):
        return False  # who said that it is X has said that it is not Y
    return have.verdict not in VERDICTS[opinion.status] or have.value != opinion.value
