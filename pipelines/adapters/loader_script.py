"""Reads a release by the trainers' own loaders; run by the Python that has them, with the request's file.

It imports nothing of Curator. It prints one JSON object: `{"files": [{path, loader, compared, rows, problems}]}`. What
is not installed there is not asked. Each loader is compared with the rows that the request says were meant.
"""

import importlib
import importlib.metadata
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

_SHOWN = 3
_CHAT = (
    "{%- for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' }}{{ m['content'] }}{{ '<|im_end|>' + '\\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}"
)
"""A plain chat template: what is trained of an answer is its text and the mark of its end."""
Meant = list[dict[str, Any]]


def main(request: Path) -> None:
    """Read every file of the request by every loader that is here."""
    asked = json.loads(request.read_text(encoding="utf-8"))
    folder = Path(asked["folder"])
    meant: dict[str, Meant] = {}
    with Path(asked["meant"]).open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            meant.setdefault(row["path"], []).append(row)
    found = []
    for path, rows in [] if asked["croissant"] else meant.items():
        for name, compared, read in _loaders(path.split("/")[0], path.split("/")[1]):
            if version := _version(name):
                kept, problems = _held(read, folder, path, rows)
                found.append(
                    {
                        "path": path,
                        "loader": f"{name} {version}",
                        "compared": compared,
                        "rows": kept,
                        "problems": problems,
                    }
                )
    if asked["croissant"] and (version := _version("mlcroissant")):
        for path, rows in meant.items():
            kept, problems = _held(_croissant, folder, path, rows)
            entry = {"path": path, "loader": f"mlcroissant {version}", "compared": "rows, texts", "rows": kept}
            found.append({**entry, "problems": problems})
    sys.stdout.write("\n" + json.dumps({"files": found}) + "\n")


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


Reader = Callable[[Path, str, Meant], Iterator[str | None]]
"""Yields for each row that a loader kept what is other than meant, or None."""


def _held(read: Reader, folder: Path, path: str, rows: Meant) -> tuple[int, list[str]]:
    problems: list[str] = []
    kept = 0
    try:
        for number, problem in enumerate(read(folder, path, rows), start=1):
            kept += 1
            if problem is not None:
                problems.append(f"row {number} ({rows[number - 1]['id']!r}): {problem}")
    except Exception as error:
        problems.append(f"{type(error).__name__}: {str(error)[:300]}")
    if kept != len(rows) and not problems:
        problems.append(f"{kept} of {len(rows)} rows were kept")
    return kept, [*problems[:_SHOWN], *([f"and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else [])]


def _loaders(format: str, stage: str) -> Iterator[tuple[str, str, Reader]]:
    """Name, what is compared, and the reader, for a file of a format."""
    if format in _SHAPES:
        yield "datasets", "rows, order, types, texts of every turn", _by_datasets
    if format == "trl":
        tokens = "rows kept, trained tokens" if stage == "sft" else "rows kept, tokens of both answers"
        yield "trl", tokens, _by_trl_sft if stage == "sft" else _by_trl_dpo
    if format == "tinker":
        yield "tinker-cookbook", "rows kept, trained tokens", _by_cookbook if stage == "sft" else _by_cookbook_dpo
    if format == "together":
        yield "together", "the service's own check of a file", _by_together
    if format == "mistral":
        yield "mistral-common", "the validator's verdict on every conversation", _by_mistral


def _messages(row: dict[str, Any]) -> tuple[list[Any], list[Any]]:
    return row["messages"][:-1], row["messages"][-1:]


_SHAPES: dict[str, dict[str, Callable[[dict[str, Any]], tuple[list[Any], list[Any]]]]] = {
    "trl": {
        "sft": lambda row: (row["prompt"], row["completion"]),
        "dpo": lambda row: (row["prompt"], [*row["chosen"], *row["rejected"]]),
    },
    "kto": {"dpo": lambda row: (row["prompt"], row["completion"])},
    "axolotl": {"sft": _messages, "dpo": lambda row: (row["messages"], [row["chosen"], row["rejected"]])},
    "llama-factory": {"sft": _messages, "dpo": lambda row: (row["messages"], [row["chosen"], row["rejected"]])},
    "ms-swift": {
        "sft": _messages,
        "dpo": lambda row: (row["messages"][:-1], [row["messages"][-1], row["rejected_messages"][-1]]),
    },
    "torchtune": {"sft": _messages, "dpo": lambda row: (row["chosen"][:-1], [row["chosen"][-1], row["rejected"][-1]])},
    "sharegpt": {
        "sft": lambda row: (row["conversations"][:-1], row["conversations"][-1:]),
        "dpo": lambda row: (row["conversations"], [row["chosen"], row["rejected"]]),
    },
    "parquet": {"sft": _messages, "dpo": lambda row: (row["prompt"], [*row["chosen"], *row["rejected"]])},
}
"""Format -> stage -> the turns of the prompt and the answers of a row."""


def _texts(turns: list[Any]) -> list[Any]:
    return [turn["content"] if "content" in turn else turn["value"] for turn in turns]


def _differs(meant: dict[str, Any], prompt: list[Any], answers: list[Any]) -> str | None:
    """What of the texts is other than meant; turns that are no plain text are not held against each other."""
    for where, wanted, got in (("the prompt", meant["prompt"], prompt), ("the answer", meant["answers"], answers)):
        if len(wanted) != len(got):
            return f"{where} has {len(got)} turns of {len(wanted)}"
        for text, other in zip(wanted, got, strict=True):
            plain = (
                [p["text"] for p in other] if isinstance(other, list) and len(other) == 1 and "text" in other[0] else []
            )
            if text is not None and text != other and [text] != plain:
                return f"{where} is {other!r:.80} and was {text!r:.80}"
    return None


def _load(folder: Path, path: str) -> Any:  # noqa: ANN401 - a dataset of a foreign library
    datasets = importlib.import_module("datasets")
    kind = "parquet" if path.endswith(".parquet") else "json"
    files = {"train": str(folder / path)}
    return datasets.load_dataset(kind, data_files=files, split="train", cache_dir=tempfile.mkdtemp(dir=folder.parent))


def _by_datasets(folder: Path, path: str, rows: Meant) -> Iterator[str | None]:
    format, stage, _ = path.split("/")
    for meant, row in zip(rows, _load(folder, path), strict=True):
        prompt, answers = _SHAPES[format][stage](row)
        yield _differs(meant, _texts(prompt), _texts(answers))


def _tokenizer() -> Any:  # noqa: ANN401 - a tokenizer of a foreign library
    """Bytes as tokens: every text comes back as it was."""
    tokenizers = importlib.import_module("tokenizers")
    transformers = importlib.import_module("transformers")
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = tokenizers.decoders.ByteLevel()
    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300, special_tokens=marks, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator([], trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=_CHAT
    )


def _model(tokenizer: Any, folder: Path) -> str:  # noqa: ANN401 - a tokenizer of a foreign library
    """A folder with the smallest model that a trainer takes."""
    transformers = importlib.import_module("transformers")
    size = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 1, "num_key_value_heads": 1}
    config = transformers.LlamaConfig(vocab_size=len(tokenizer), **size, **heads)
    target = folder.parent / "model"
    transformers.LlamaForCausalLM(config).save_pretrained(target)
    tokenizer.save_pretrained(target)
    return str(target)


def _trained(folder: Path, path: str, config: str, trainer: str) -> tuple[Any, Any]:
    trl = importlib.import_module("trl")
    tokenizer = _tokenizer()
    settings = getattr(trl, config)(
        output_dir=str(folder.parent / "out"), report_to=[], use_cpu=True, max_length=None, bf16=False
    )
    made = getattr(trl, trainer)(
        model=_model(tokenizer, folder), args=settings, train_dataset=_load(folder, path), processing_class=tokenizer
    )
    return tokenizer, made.train_dataset


def _says(tokenizer: Any, ids: list[int], answer: str | None) -> str | None:  # noqa: ANN401 - a foreign tokenizer
    said = tokenizer.decode(ids)
    wanted = f"{answer}<|im_end|>"
    if answer is None or said.removesuffix("\n") == wanted:
        return None
    return f"trained is {said!r:.80} and was {wanted!r:.80}"


def _by_trl_sft(folder: Path, path: str, rows: Meant) -> Iterator[str | None]:
    tokenizer, data = _trained(folder, path, "SFTConfig", "SFTTrainer")
    for meant, row in zip(rows, data, strict=True):
        if "labels" in row:
            ids = [label for label in row["labels"] if label >= 0]
        else:
            ids = [token for token, counts in zip(row["input_ids"], row["completion_mask"], strict=True) if counts]
        yield _says(tokenizer, ids, meant["answers"][0])


def _by_trl_dpo(folder: Path, path: str, rows: Meant) -> Iterator[str | None]:
    tokenizer, data = _trained(folder, path, "DPOConfig", "DPOTrainer")
    for meant, row in zip(rows, data, strict=True):
        sides = [row.get(f"{side}_ids", row.get(f"{side}_input_ids", [])) for side in ("chosen", "rejected")]
        yield next(filter(None, map(lambda ids, answer: _says(tokenizer, ids, answer), sides, meant["answers"])), None)


def _by_cookbook(folder: Path, path: str, rows: Meant) -> Iterator[str | None]:
    renderers = importlib.import_module("tinker_cookbook.renderers")
    renderer = renderers.get_renderer("qwen3_instruct", _tokenizer())
    tokenizer = renderer.tokenizer
    datasets = importlib.import_module("datasets")
    with (folder / path).open(encoding="utf-8") as lines:
        data = datasets.Dataset.from_list([json.loads(line) for line in lines])
    for meant, row in zip(rows, data, strict=True):
        messages = row["messages"]
        what = (
            renderers.TrainOnWhat.CUSTOMIZED
            if "trainable" in messages[0]
            else renderers.TrainOnWhat.ALL_ASSISTANT_MESSAGES
        )
        model_input, weights = renderer.build_supervised_example(messages, train_on_what=what)
        tokens = model_input.to_ints()
        yield _says(tokenizer, [t for t, w in zip(tokens, weights.tolist(), strict=True) if w > 0], meant["answers"][0])


def _by_cookbook_dpo(folder: Path, path: str, rows: Meant) -> Iterator[str | None]:
    builders = importlib.import_module("tinker_cookbook.preference.preference_datasets")
    made = builders.ComparisonBuilderFromJsonl(train_path=str(folder / path)).get_labeled_comparisons()[0]
    for meant, each in zip(rows, made, strict=True):
        sides = [each.comparison.completion_A, each.comparison.completion_B]
        chosen, rejected = sides if each.label == "A" else sides[::-1]
        yield _differs(meant, _texts(each.comparison.prompt_conversation), _texts([*chosen, *rejected]))


def _by_together(folder: Path, path: str, rows: Meant) -> Iterator[str | None]:
    files = importlib.import_module("together.lib.utils")
    report = files.check_file(folder / path)
    for number in range(len(rows)):
        yield None if report["is_check_passed"] or number else f"refused: {report.get('message')}"


def _by_mistral(folder: Path, path: str, rows: Meant) -> Iterator[str | None]:
    validator = importlib.import_module("mistral_common.protocol.instruct.validator")
    request = importlib.import_module("mistral_common.protocol.instruct.request")
    check = validator.MistralRequestValidatorV3(mode=validator.ValidationMode.finetuning)
    with (folder / path).open(encoding="utf-8") as lines:
        for _, line in zip(rows, lines, strict=True):
            row = json.loads(line)
            turns = [{k: v for k, v in turn.items() if k != "weight"} for turn in row["messages"]]
            try:
                check.validate_request(request.ChatCompletionRequest(messages=turns, tools=row.get("tools")))
            except Exception as error:
                yield f"refused: {str(error)[:200]}"
            else:
                yield None


def _croissant(folder: Path, path: str, rows: Meant) -> Iterator[str | None]:
    mlcroissant = importlib.import_module("mlcroissant")
    card = mlcroissant.Dataset(str(folder / "croissant.json"))
    name = path.rsplit(".", 1)[0].replace("/", "-")
    for meant, record in zip(rows, card.records(name), strict=True):
        texts = _flat(record)
        answers = [text for text in (*meant["prompt"], *meant["answers"]) if text is not None]
        lacking = [
            text for text in answers if not any(text in each or json.dumps(text)[1:-1] in each for each in texts)
        ]
        yield f"{lacking[0]!r:.80} is not in the record" if lacking and f"{name}/line" not in record else None


def _flat(value: Any) -> list[str]:  # noqa: ANN401 - any record
    if isinstance(value, dict):
        return [text for each in value.values() for text in _flat(each)]
    if isinstance(value, list | tuple):
        return [text for each in value for text in _flat(each)]
    return [value.decode()] if isinstance(value, bytes) else [str(value)]


if __name__ == "__main__":
    sys.path.pop(0)  # the script's own folder, where files are called like libraries
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "CUDA_VISIBLE_DEVICES": ""}
    main(Path(sys.argv[1]))
