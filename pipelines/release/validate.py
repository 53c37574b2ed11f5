"""A training file against a format's rules."""

from pathlib import Path

from curator.errors import NotFoundError
from curator.release import Validation, parquet_lines, validate_lines


def judge(file: Path, format: str) -> Validation:
    """Read the file, JSON lines or Parquet.

    Raises:
        NotFoundError: There is no such file.
        RequestError: The format is unknown.
    """
    if not file.is_file():
        msg = f"no file {file}"
        raise NotFoundError(msg)
    if file.suffix == ".parquet":
        return validate_lines(parquet_lines(file.read_bytes()), format=format, typed=True)
    with file.open("rb") as handle:
        return validate_lines(handle, format=format)
