"""Small files that unfold large are told by what they declare, and stopped where they declare it falsely.

The limits are lowered for the tests: a few kilobytes of one letter do what terabytes would.
"""

import gzip
import io
import zipfile
from pathlib import Path

import polars as pl
import pytest
import zstandard

from curator.errors import RequestError
from pipelines.runtime import limits


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ALWAYS", 10_000)
    monkeypatch.setattr(limits, "RATIO", 10)


def folded(kind: str, path: Path, content: bytes) -> Path:
    match kind:
        case "zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("rows.csv", content)
        case "gz":
            path.write_bytes(gzip.compress(content))
        case "zst":
            path.write_bytes(zstandard.ZstdCompressor().compress(content))
        case _:
            words = [f"{n:04d}" + "x" * 96 for n in range(len(content) // 100)]
            pl.DataFrame({"text": words}).write_parquet(path, compression="zstd")
    return path


@pytest.mark.parametrize("kind", ["zip", "gz", "zst", "parquet"])
def test_a_small_file_that_says_it_is_large_is_refused_before_it_is_read(
    kind: str, tmp_path: Path, small: None
) -> None:
    limits.check_declared(folded(kind, tmp_path / f"few.{kind}", b"x" * 5_000))
    with pytest.raises(RequestError, match=r"unfolds to .*unpack it yourself"):
        limits.check_declared(folded(kind, tmp_path / f"many.{kind}", b"x" * 200_000))


@pytest.mark.parametrize("kind", ["zip", "gz", "zst", "parquet"])
def test_a_file_that_is_cut_is_left_to_its_reader(kind: str, tmp_path: Path) -> None:
    path = folded(kind, tmp_path / f"cut.{kind}", b"x" * 5_000)
    path.write_bytes(path.read_bytes()[:20])
    limits.check_declared(path)


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MEMBERS", 3)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for n in range(4):
            archive.writestr(f"{n}.csv", b"")
    with pytest.raises(RequestError, match="holds 4 files"):
        limits.check_declared(tmp_path / "a.zip")


def test_what_comes_out_is_counted_whatever_was_declared(tmp_path: Path, small: None) -> None:
    path = tmp_path / "false.gz"
    body = gzip.compress(b"x" * 200_000)
    path.write_bytes(body[:-4] + (5).to_bytes(4, "little"))
    limits.check_declared(path)  # it says five bytes
    source = io.BytesIO(b"x" * 200_000_000)
    with limits.capped(source, path) as stream:
        with pytest.raises(RequestError, match="at least"):
            stream.read()
        assert source.tell() < 3_000_000


def test_an_honest_stream_comes_through_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    content = bytes(range(256)) * 5_000
    path.write_bytes(gzip.compress(content))
    with path.open("rb") as raw, limits.capped(gzip.open(raw), path) as stream:
        assert stream.read() == content
