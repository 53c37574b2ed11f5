"""Small files that unfold large are told by what they declare, and stopped where they declare it falsely.

The limits are lowered for the tests: a few kilobytes of one letter do what terabytes would.
"""

import bz2
import gzip
import lzma
import zipfile
from pathlib import Path

import polars as pl
import pytest
import zstandard

from curator.errors import RequestError
from pipelines.files import limits, read_rows


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


@pytest.mark.parametrize("kind", ["gz", "zst", "bz2", "xz"])
def test_what_comes_out_is_counted_whatever_was_declared(kind: str, tmp_path: Path, small: None) -> None:
    path, content = tmp_path / f"rows.csv.{kind}", b"text\n" + b"x" * 2_000_000
    match kind:
        case "gz":
            path.write_bytes(gzip.compress(content)[:-4] + (5).to_bytes(4, "little"))  # it says five bytes
        case "zst":
            path.write_bytes(zstandard.ZstdCompressor(write_content_size=False).compress(content))
        case "bz2":
            path.write_bytes(bz2.compress(content))
        case _:
            path.write_bytes(lzma.compress(content))
    limits.check_declared(path)
    with pytest.raises(RequestError, match="unfolds to at least"):
        list(read_rows(path))


def test_an_honest_file_comes_through_unchanged(tmp_path: Path) -> None:
    blocks = [bytes(range(256)) * 100 for _ in range(50)]
    path = tmp_path / "a"
    path.write_bytes(b"".join(blocks))
    assert list(limits.counted(iter(blocks), path)) == blocks


def test_a_reader_asks_what_a_file_declares(tmp_path: Path, small: None) -> None:
    with pytest.raises(RequestError, match="unfolds to"):
        list(read_rows(folded("gz", tmp_path / "rows.csv.gz", b"x" * 200_000)))
