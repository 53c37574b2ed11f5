"""Which files a person means: a file, what matches a pattern, a folder, an archive, a Hugging Face dataset on disk."""

import json
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from curator.errors import NotFoundError, RequestError
from pipelines.files.limits import MEMBERS, check_declared, counted

_TEXTS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".tab", ".conll", ".conllu", ".bio", ".iob", ".iob2")
SUFFIXES = frozenset((*_TEXTS, ".parquet", ".pq", ".arrow", ".xlsx", ".xlsm"))
PACKED = frozenset([".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz", ".zip"])
_ABOUT = frozenset(("dataset_info.json", "dataset_infos.json", "state.json", "dataset_dict.json", "manifest.json"))
"""Files that say something of data and hold none."""
_SPLIT = re.compile(r"(train|test|validation|valid|val|dev|eval)(?:[-_.]|$)", re.IGNORECASE)
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class InputFile:
    """One file to read.

    Attributes:
        path: Where it lies.
        name: What a person calls it; within a folder, its path there.
        split: What its place says of its rows: `train`, `validation`; None where that is nothing.
        beside: Files of the same folder or archive that hold no rows; told once, with the first file.
    """

    path: Path
    name: str
    split: str | None = None
    beside: tuple[str, ...] = ()


@contextmanager
def gathered(paths: Sequence[Path]) -> Iterator[list[InputFile]]:
    """The files that are meant, for the length of a block. Archives of several files are unpacked for it.

    Raises:
        NotFoundError: There is no such file or folder, or nothing that matches.
        RequestError: A folder holds no data, or is a release of several formats.
    """
    with tempfile.TemporaryDirectory(prefix="curator-gather-") as folder:
        yield [each for number, path in enumerate(paths) for each in _meant(path, Path(folder) / str(number))]


def _meant(path: Path, room: Path) -> list[InputFile]:
    if path.is_dir():
        return _in_folder(path, path)
    if not path.exists() and any(sign in str(path) for sign in "*?["):
        root = Path(path.anchor or ".")
        found = sorted(each for each in root.glob(str(path.relative_to(root))) if not each.name.startswith("."))
        if not found:
            msg = f"no file matches {path}"
            raise NotFoundError(msg)
        return [each for one in found for each in _meant(one, room / one.name)]
    if path.is_file() and _several(path):
        return _unzipped(path, room)
    return [InputFile(path, path.name)]


def _several(path: Path) -> bool:
    """Whether it is a zip of more than one file, and no workbook."""
    with path.open("rb") as handle:
        if handle.read(4) != b"PK\x03\x04":
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            names = [each.filename for each in _members(archive)]
    except zipfile.BadZipFile:
        return False  # its reader says what is wrong
    return len(names) > 1 and "xl/workbook.xml" not in names


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    return [each for each in archive.infolist() if not each.is_dir() and not each.filename.startswith("__MACOSX/")]


def _unzipped(path: Path, room: Path) -> list[InputFile]:
    """The data files of an archive, unpacked under the room, each inside it."""
    check_declared(path)
    with zipfile.ZipFile(path) as archive:
        for number, member in enumerate(_members(archive)):
            inner = room / f"{number}-{re.sub(r'[^A-Za-z0-9._-]+', '_', Path(member.filename).name)[-80:]}"
            place = room.joinpath(*(part for part in Path(member.filename).parts if part not in ("..", "/", "\\")))
            target = place if place.resolve().is_relative_to(room.resolve()) else inner
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with archive.open(member) as source, target.open("wb") as copy:
                    for block in counted(iter(lambda s=source: s.read(_BLOCK), b""), path):  # type: ignore[misc]
                        copy.write(block)
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile, EOFError) as error:
                msg = f"{path.name} cannot be unpacked: {error}; unpack it yourself, and name the files in it"
                raise RequestError(msg) from error
    return [replace(each, name=f"{path.name}/{each.name}") for each in _in_folder(room, room)]


def _in_folder(folder: Path, top: Path) -> list[InputFile]:
    if (folder / "dataset_dict.json").is_file():
        said = _read(folder / "dataset_dict.json")
        splits = said.get("splits") or [each.name for each in folder.iterdir() if each.is_dir()]
        return [
            InputFile(each.path, each.name, str(split))
            for split in splits
            for each in _in_folder(folder / str(split), top)
        ]
    if (folder / "state.json").is_file() and (folder / "dataset_info.json").is_file():
        names = [str(each.get("filename")) for each in _read(folder / "state.json").get("_data_files") or ()]
        return [InputFile(folder / name, _under(folder / name, top), _split_of(folder.name, name)) for name in names]
    files = sorted(_walk(folder))
    found = [each for each in files if _is_data(each)]
    others = tuple(_under(each, top) for each in files if not _is_data(each))
    if not found:
        msg = f"the folder {folder} holds no data file; expected {', '.join(sorted(SUFFIXES))}, also packed"
        raise RequestError(msg)
    if (folder / "manifest.json").is_file():
        kinds = ", ".join(sorted({each.relative_to(folder).parts[0] for each in found if each.parent != folder}))
        if "," in kinds:
            msg = f"{folder} is a release that holds its rows once for each format; name one of its folders: {kinds}"
            raise RequestError(msg)
    made = [InputFile(each, _under(each, top), _split_of(each.name, *_inside(each, top))) for each in found]
    return [replace(made[0], beside=others), *made[1:]]


def _walk(folder: Path) -> Iterable[Path]:
    number = 0
    for each in folder.rglob("*"):
        inside = each.relative_to(folder)
        if any(part.startswith((".", "__MACOSX")) for part in inside.parts) or not each.is_file():
            continue
        number += 1
        if number > MEMBERS:
            msg = f"the folder {folder} holds more than {MEMBERS:,} files; name the ones to read"
            raise RequestError(msg)
        yield each


def _is_data(path: Path) -> bool:
    suffixes = [suffix.lower() for suffix in path.suffixes[-2:]]
    known = bool(suffixes) and (suffixes[-1] in SUFFIXES or (suffixes[-1] in PACKED and suffixes[0] in SUFFIXES))
    return known and path.name not in _ABOUT


def _inside(path: Path, top: Path) -> tuple[str, ...]:
    return () if path.parent == top else (path.parent.name,)


def _under(path: Path, top: Path) -> str:
    return path.relative_to(top).as_posix()


def _split_of(*names: str) -> str | None:
    """The split that a name begins with, as in folders of Hugging Face: `train-00000-of-00001.parquet`."""
    found = next((match for name in names if (match := _SPLIT.match(name))), None)
    return found[1].lower() if found else None


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        msg = f"{path} is damaged: {error}; save the dataset again"
        raise RequestError(msg) from error
    return value if isinstance(value, dict) else {}
