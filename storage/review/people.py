"""Who has said something, each under the spelling that came first."""

from collections.abc import Iterable

from curator.records import one_spelling
from storage.engine.store import Store


def known_as(store: Store, names: Iterable[str]) -> dict[str, str]:
    """Each name -> the spelling under which the store keeps that person; a new person's name stays.

    The spelling that came first is the one, so that it never changes (see `curator.records.one_spelling`).
    """
    said = store.rows(
        "select reviewer from (select reviewer, seq from review union all select reviewer, seq from preference) "
        "group by reviewer order by min(seq), reviewer"
    )
    return one_spelling(names, [name for (name,) in said])
