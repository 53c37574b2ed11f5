"""The audit log against itself, the rows that it speaks of, and the heads that releases and people kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from curator.records import file_stem, read_json
from pipelines.runtime.settings import Settings
from storage.access import audit
from storage.access.audit import Verification
from storage.dataset import datasets
from storage.release import versions


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What the check found.

    Attributes:
        log: The log itself.
        kept: Each head that was kept elsewhere: where, the hash, and how many events came after it (None: it is not in
            the chain).
        not_seen: What a check of this kind cannot see, in words.
    """

    log: Verification
    kept: tuple[tuple[str, str, int | None], ...]
    not_seen: str


def run(settings: Settings, heads: Sequence[str] = ()) -> AuditCheck:
    """Check the log, with the heads in the manifests of the project's releases and those that are named.

    Args:
        settings: The project.
        heads: Hashes that somebody kept.
    """
    where = [("--head", each) for each in heads] + _in_manifests(settings)
    log = audit.verify(settings.store, list(dict.fromkeys(each for _, each in where)))
    kept = tuple((place, each, (log.after or {}).get(each)) for place, each in where)
    return AuditCheck(log, kept, _not_seen(log, [n for *_, n in kept if n is not None]))


def in_words(found: AuditCheck) -> list[str]:
    """What is wrong, one line each."""
    said = []
    log = found.log
    if log.broken_at is not None:
        said.append(f"from the event with seq {log.broken_at} on it is not what was written")
    said += [f"rows of {table} are not what the event with seq {seq} says of them" for table, seq in log.changed[:20]]
    said += [
        f"{table}, row with seq {seq}: no event speaks of it (the row was put in, or its event taken out)"
        for table, seq in log.untold[:20]
    ]
    said += [
        f"{each}, kept in {where}, is not in the chain: events that it stood for are gone or were changed"
        for where, each, after in found.kept
        if after is None
    ]
    return said


def _in_manifests(settings: Settings) -> list[tuple[str, str]]:
    """The head that each release folder keeps; a folder that is gone or damaged keeps none.

    Folders in the project count that no version of the store stands for: its record may have been taken out with the
    events after it.
    """
    names = datasets.names(settings.store)
    files = [Path(v.path) / "manifest.json" for name in names for v in versions.listing(settings.store, name)]
    places = [settings.project / "releases" / file_stem(name) for name in names]
    files += [file for place in places for file in sorted(place.glob("[0-9]*/manifest.json"))]
    found = []
    for file in dict.fromkeys(each.absolute() for each in files):
        try:
            head = read_json(file.read_text(encoding="utf-8")).get("audit_head")
        except (OSError, ValueError, AttributeError):
            continue
        if isinstance(head, dict) and isinstance(head.get("hash"), str):
            found.append((str(file), head["hash"]))
    return found


def _not_seen(log: Verification, after: Sequence[int]) -> str:
    """What nobody can see from here."""
    if not after:
        return (
            "no head of the log is kept outside the store, so a chain made anew as a whole would look intact; keep the "
            "printed head elsewhere and give it to --head"
        )
    unguarded = min(after)
    if not unguarded:
        return "whether what was written at first was true; every event lies before a head that is kept elsewhere"
    return (
        f"the newest {unguarded} of {log.events} events came after the newest head that is kept elsewhere: if they "
        "were made anew or taken out together with their rows, it would not show; keep the printed head elsewhere"
    )
