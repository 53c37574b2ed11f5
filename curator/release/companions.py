"""What stands beside the files of a format: how to load them, and what their trainers run as it is."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from curator.records import file_stem
from curator.release import layout_one_cards
from curator.release.manifest import FileFact, Manifest
from curator.release.trainer_files import trainer_files

_SHORT = 60  # characters of a dataset's name in the name of a configuration
ByStage = dict[str, list[FileFact]]
"""Stage -> the data files of one format."""


def config_name(manifest: Manifest, format: str, stage: str, files: Iterable[FileFact]) -> str:
    """The name under which `load_dataset` loads a stage of a format.

    It holds the dataset and a hash of the files: the loader's cache goes by a folder's last name and this one, and
    would give the rows of another folder that is called `1` too, or of the files before they were corrected.
    """
    content = "\n".join(f"{each.path} {each.sha256}" for each in files)
    digest = hashlib.sha256(content.encode()).hexdigest()[:12]
    return f"{file_stem(manifest.name)[:_SHORT]}-{manifest.number}-{format}-{stage}-{digest}"


def by_stage(manifest: Manifest, format: str) -> ByStage:
    """The data files of a format, by stage."""
    found: ByStage = {}
    for each in manifest.data_files:
        made, stage, _ = each.path.split("/")
        if made == format:
            found.setdefault(stage, []).append(each)
    return found


def loading(manifest: Manifest, format: str, *, inside: bool) -> list[str]:
    """The lines of a front matter that name the configurations of a format, without those that would change a text.

    Args:
        manifest: Of the version.
        format: The format.
        inside: The front matter stands in the format's own folder.
    """
    lines: list[str] = []
    for stage, files in by_stage(manifest, format).items():
        if any(each.path in manifest.read_as_dates for each in files):
            continue
        lines += [f"  - config_name: {json.dumps(config_name(manifest, format, stage, files))}", "    data_files:"]
        for each in files:
            path = PurePosixPath(each.path)
            shown = str(path.relative_to(format)) if inside else each.path
            lines.append(f"      - {{split: {path.stem}, path: {json.dumps(shown)}}}")
    return lines


def companions(manifest: Manifest) -> dict[str, bytes]:
    """Path -> bytes of what stands beside the data files of a version."""
    if manifest.settings.layout == 1:
        return layout_one_cards.companions(manifest)
    made: dict[str, str] = {}
    for format in manifest.settings.formats:
        found = by_stage(manifest, format)
        if not found:
            continue
        own = trainer_files(manifest, format, {stage: _by_split(files) for stage, files in found.items()})
        made[f"{format}/README.md"] = _readme(manifest, format, found, sorted(own))
        made |= {f"{format}/{name}": text for name, text in own.items()}
    return {path: text.encode() for path, text in made.items()}


def _readme(manifest: Manifest, format: str, found: ByStage, beside: list[str]) -> str:
    lines = loading(manifest, format, inside=True)
    front = ["---", "configs:", *lines, "---", ""] if lines else []
    text = [*front, f"# {format}", "", _ADVICE[format], ""]
    if "sft" in found:
        text += [_MASKS[format], ""]
    if beside:
        text += [f"Ready for the trainer, to be run from this folder: {', '.join(f'`{name}`' for name in beside)}.", ""]
    for stage, files in found.items():
        if changed := [manifest.read_as_dates[each.path] for each in files if each.path in manifest.read_as_dates]:
            text += [f"Do not load {stage} by `datasets`: it would take `{changed[0]}` for dates.", ""]
        elif lines:
            name = config_name(manifest, format, stage, files)
            text += ["```python", f'load_dataset("THIS/FOLDER", {json.dumps(name)})', "```", ""]
    return "\n".join(text)


_ADVICE: Mapping[str, str] = {
    "tinker": "For tinker-cookbook: `FromConversationFileBuilder` (SFT), `ComparisonBuilderFromJsonl` (DPO).",
    "openai": "JSON lines for the fine-tuning of OpenAI and of services that take the same form.",
    "together": "JSON lines for the fine-tuning of Together.",
    "trl": "For TRL: prompt and completion apart, so that the loss is on the answer alone.",
    "axolotl": "For axolotl, type `chat_template`.",
    "llama-factory": "For LLaMA-Factory: name this folder as `dataset_dir`.",
    "mistral": "JSON lines for mistral-finetune.",
    "parquet": "Typed tables for everything that reads Parquet: tools are JSON text.",
    "ms-swift": "For ms-swift, its own form of messages.",
    "torchtune": "For torchtune: `chat_dataset` (SFT), `preference_dataset` (DPO).",
    "kto": "For TRL's KTO: each answer of a pair stands alone, `label` says whether it is wanted.",
    "sharegpt": "ShareGPT's form: `from` and `value`.",
}
_SAYS = "An input may hold turns of the assistant that nobody labelled. They are not trained:"
_MASKS: Mapping[str, str] = {
    "tinker": f"{_SAYS} where a file has any, turns say `trainable`, for the builder's `train_on_what` customized.",
    "openai": f"{_SAYS} they have `weight` 0.",
    "together": f"{_SAYS} they have `weight` 0.",
    "mistral": f"{_SAYS} they have `weight` 0.",
    "parquet": f"{_SAYS} they have `weight` 0, the answer has 1.",
    "trl": f"{_SAYS} they are in the prompt.",
    "kto": f"{_SAYS} they are in the prompt.",
    "axolotl": f"{_SAYS} they have `train` false, which needs `message_field_training: train`.",
    "ms-swift": f"{_SAYS} they have `loss` false.",
    "llama-factory": f"{_SAYS} that needs `mask_history: true`, as in `train-sft.yaml`.",
    "torchtune": "Rows whose input holds turns of the assistant are not here: torchtune would train them.",
    "sharegpt": "Rows whose input holds turns of the assistant are not here: readers of this form would train them.",
}


def _by_split(files: list[FileFact]) -> dict[str, str]:
    """Split -> the file, seen from the format's folder."""
    return {path.stem: "/".join(path.parts[1:]) for path in (PurePosixPath(each.path) for each in files)}
