"""What annotation tools have in common: the text among a task's columns, one answer out of a list, moments."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from curator.importers.form import RawRecord, Reading
from curator.records import DEFAULT_COLUMNS, Rejected


def text_column(data: Mapping[str, Any]) -> str:
    """The column that people were shown.

    Raises:
        Rejected: None holds a text.
    """
    texts = [name for name, value in data.items() if isinstance(value, str | list) and value]
    for name in DEFAULT_COLUMNS["input"]:
        if name in texts:
            return name
    words = [name for name in texts if isinstance(data[name], str) and name != "id"]
    if not words:
        raise Rejected("missing_input", f"no text among {', '.join(list(data)[:12]) or 'no columns'}")
    return max(words, key=lambda name: len(data[name]))


def one_of(values: Sequence[Any], reading: Reading) -> Any:  # noqa: ANN401 - a JSON value
    """The answer in a list of chosen ones.

    Raises:
        Rejected: Several labels for a task that takes one.
    """
    given = list(dict.fromkeys(str(value) if isinstance(value, int | float) else value for value in values))
    if not given:
        return None
    if len(given) == 1:
        return given[0]
    if reading.task.kind == "extraction":
        return list(given)
    shown = ", ".join(str(value)[:40] for value in given[:6])
    raise Rejected("several_labels", f"the row has {len(given)} labels ({shown}), and the task takes one")


def moment(seconds: Any) -> str | None:  # noqa: ANN401 - raw JSON
    """Seconds since 1970 as a moment in UTC; None where it is no such number."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < 2**33:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def in_unit(score: Any) -> float | None:  # noqa: ANN401 - raw JSON
    """A score that is a number in 0..1, else None."""
    return float(score) if isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1 else None


def without(record: Mapping[str, Any], *names: str) -> RawRecord:
    """The columns that are none of these."""
    return {name: value for name, value in record.items() if name not in names}
