"""Has a release read by the trainers' own loaders before it is called valid."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from curator.records import SPLITS, Message, PreferencePair, Split, answer_turn
from curator.release import Manifest, Proof, Prover
from pipelines.release import version_folder
from pipelines.release.version_content import DataFiles, VersionContent


def prove(prover: Prover, manifest: Manifest, content: VersionContent, files: DataFiles) -> Proof:
    """Write the release where nobody sees it, and hold what the loaders read against the store, row by row."""
    with tempfile.TemporaryDirectory(prefix="curator-proof-") as name:
        folder = Path(name) / "release"
        version_folder.write(folder, files.bytes_by_path(), manifest)
        return prover(
            str(folder), [row for path, file in files.files.items() for row in _meant(path, file.ids, content)]
        )


def _meant(path: str, ids: tuple[str, ...], content: VersionContent) -> Iterator[dict[str, Any]]:
    """What each line of a file stands for; texts, and None for a turn that is more than a text."""
    format, stage, file = path.split("/")
    split: Split = next(name for name in SPLITS if file.startswith(name))
    examples = {name: example for example, name in content.names.items()}
    if stage == "sft":
        values = dict(content.rows[split].select("example_id", "value").iter_rows())
        for name in ids:
            example = examples[name]
            yield _row(path, name, content.messages[example], [values[example]])
        return
    kept = set(ids)
    pairs = [pair for pair in content.pairs[split] if content.names[pair.example_id] in kept]
    for pair in pairs:
        yield from _pair(path, format, pair, content)


def _pair(path: str, format: str, pair: PreferencePair, content: VersionContent) -> Iterator[dict[str, Any]]:
    prompt, name = content.messages[pair.example_id], content.names[pair.example_id]
    if format == "kto":
        yield from (_row(path, name, prompt, [value]) for value in (pair.chosen, pair.rejected))
    else:
        yield _row(path, name, prompt, [pair.chosen, pair.rejected])


def _row(path: str, name: str, prompt: tuple[Message, ...], answers: list[str]) -> dict[str, Any]:
    said = [_text(answer_turn(value)) for value in answers]
    return {"path": path, "id": name, "prompt": [_text(turn) for turn in prompt], "answers": said}


def _text(turn: Message) -> str | None:
    return turn.text if len(turn.parts) == 1 and turn.text else None
