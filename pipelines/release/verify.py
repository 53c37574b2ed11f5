"""A release folder against its manifest, and against the hash that the store keeps."""

from dataclasses import dataclass
from pathlib import Path

from curator.errors import DataError, NotFoundError
from curator.records import read_json
from curator.release import FileProblem, verify
from storage.engine.store import Store
from storage.release import versions


@dataclass(frozen=True, slots=True)
class VerifyConfig:
    """What to verify.

    Attributes:
        directory: The release.
        expected_sha256: Of its manifest, as recorded in the store; None where no store knows it.
    """

    directory: Path
    expected_sha256: str | None


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What is wrong with a release folder; it is intact where `problems` is empty."""

    path: str
    version: str
    checked_against_store: bool
    files: int
    problems: tuple[FileProblem, ...]


def run(config: VerifyConfig) -> VerifyReport:
    """Read every file of the folder and compare.

    Raises:
        NotFoundError: The folder holds no manifest.
        DataError: The manifest is not JSON.
    """
    directory, expected_sha256 = config.directory, config.expected_sha256
    file = directory / "manifest.json"
    if not file.is_file():
        msg = f"{directory} holds no manifest.json: it is no release"
        raise NotFoundError(msg)
    try:
        manifest = read_json(file.read_text(encoding="utf-8"), "the manifest")
    except ValueError as error:
        msg = f"{file} is not JSON: {error}"
        raise DataError(msg) from error
    if not isinstance(manifest, dict):
        msg = f"{file} is {type(manifest).__name__}, expected an object"
        raise DataError(msg)
    listing = [p.relative_to(directory).as_posix() for p in directory.rglob("*") if p.is_file()]
    problems = verify(lambda path: (directory / path).read_bytes(), listing, manifest, expected_sha256=expected_sha256)
    name = f"{manifest.get('name')}@{manifest.get('number')}"
    return VerifyReport(str(directory), name, expected_sha256 is not None, len(listing), problems)


def recorded_hash(store: Store, directory: Path) -> str | None:
    """The hash that the store keeps for a folder's version; None where it does not know it."""
    try:
        manifest = read_json((directory / "manifest.json").read_text(encoding="utf-8"))
        found = versions.get(store, str(manifest["name"]), int(manifest["number"]))
    except (NotFoundError, OSError, KeyError, TypeError, ValueError):
        return None
    return found.manifest_sha256
