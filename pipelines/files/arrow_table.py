"""Arrow files, as `datasets` saves them to disk and in its cache: brought to Parquet, with what they say of columns."""

from pathlib import Path
from typing import Any

from curator.errors import RequestError


def as_parquet(path: Path, name: str, folder: Path) -> Path:
    """The same table as a Parquet file in the folder.

    Raises:
        RequestError: It is no Arrow file, or a damaged one.
    """
    import pyarrow as pa  # loading it takes longer than most commands
    import pyarrow.parquet as pq

    target = folder / f"{path.name}.parquet"
    try:
        with pa.memory_map(str(path)) as source:
            stream = _opened(pa, source)
            with pq.ParquetWriter(target, stream.schema) as writer:
                for number in range(getattr(stream, "num_record_batches", 0)):
                    writer.write_batch(stream.get_batch(number))
                if not hasattr(stream, "num_record_batches"):
                    for batch in stream:
                        writer.write_batch(batch)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        msg = f"{name} cannot be read as Arrow: {error}; save the dataset again, as Parquet or JSON Lines"
        raise RequestError(msg) from error
    return target


def _opened(pa: Any, source: Any) -> Any:  # noqa: ANN401 - a package that is imported late
    """The file's batches, whether it was written as a stream or as a file with an end."""
    try:
        return pa.ipc.open_stream(source)
    except pa.ArrowInvalid:
        source.seek(0)
        return pa.ipc.open_file(source)
