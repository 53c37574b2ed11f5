"""What a format of another tool is to the ingest."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curator.records import Given, Rejected, Task

RawRecord = Mapping[str, Any]
"""One object of a file, as its reader gives it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a format may know beside the record.

    Attributes:
        task: Of the dataset that the rows go to.
        columns: All columns of the file.
        file: Its name.
    """

    task: Task
    columns: tuple[str, ...] = ()
    file: str = ""


@dataclass(frozen=True, slots=True)
class ImportFormat:
    """One format.

    Attributes:
        name: On the command line: `--from NAME`.
        title: In a report.
        fits: Whether one record has this shape, by its keys and their types.
        read: The rows of one record, mostly one. Raises `curator.records.Rejected` where it cannot be read.
        cannot: What of it is not read; empty where everything is.
        after: Whether its records speak of rows that other files of the same command bring.
        by_content: Whether rows without an id that have equal input are one row.
    """

    name: str
    title: str
    fits: Callable[[RawRecord], bool]
    read: Callable[[RawRecord, Reading], Sequence[Given]]
    cannot: str = ""
    after: bool = False
    several: bool = False
    table: bool = False
    by_content: bool = False

    def rows(self, record: RawRecord, reading: Reading) -> Sequence[Given]:
        """The rows of one record that fits.

        Raises:
            Rejected: It cannot be read. A value that is of no type that the tool writes there (a number for a list) is
                the record's fault, wherever in it that shows.
        """
        try:
            return self.read(record, reading)
        except Rejected:
            raise
        except (TypeError, AttributeError, KeyError, IndexError, ValueError) as error:
            detail = f"the row is not as {self.title} is written: {type(error).__name__}: {str(error)[:200]}"
            raise Rejected("odd_record", detail) from error
