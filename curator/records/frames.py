"""What a frame that crosses a room must look like, stated once and checked at the door."""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from curator.errors import DataError


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: Its name.
        dtype: The polars type of its values.
        meaning: What a value says, and what null says where it may be null.
    """

    name: str
    dtype: type[pl.DataType]
    meaning: str


@dataclass(frozen=True, slots=True)
class FrameSchema:
    """The columns that a frame has at least, whatever else it carries.

    Attributes:
        name: What one line of the frame is, for the error.
        columns: In the order in which they are made.
    """

    name: str
    columns: tuple[Column, ...]

    @property
    def dtypes(self) -> Mapping[str, type[pl.DataType]]:
        """Name -> polars type, to make a frame with."""
        return {each.name: each.dtype for each in self.columns}

    def only(self, *names: str) -> "FrameSchema":
        """The schema of some of the columns: what one door needs of the frame."""
        return FrameSchema(self.name, tuple(each for each in self.columns if each.name in names))

    def check(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame itself, if it has the columns.

        Raises:
            DataError: A column is missing, or holds another type.

        >>> rows = FrameSchema("a row", (Column("id", pl.String, "its id"),))
        >>> rows.check(pl.DataFrame({"id": ["a"], "n": [1]})).width
        2
        """
        for each in self.columns:
            if each.name not in frame.columns:
                msg = f"{self.name} has no column {each.name!r} ({each.meaning}); there are {', '.join(frame.columns)}"
                raise DataError(msg)
            if frame.schema[each.name] != each.dtype:
                msg = f"{self.name}: column {each.name!r} is {frame.schema[each.name]}, expected {each.dtype.__name__}"
                raise DataError(msg)
        return frame
