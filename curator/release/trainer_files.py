"""Configurations for trainers, to be run from the folder of their format; what a person fills in stands in capitals.

Sources: LLaMA-Factory's "Data Preparation" and its examples, axolotl's "Dataset formats" and "RLHF", TRL's trainers,
torchtune's dataset builders, ms-swift's "Command-line parameters".
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from curator.release.manifest import Manifest

Files = Mapping[str, Mapping[str, str]]
"""Stage -> split -> the file, seen from the format's folder."""
_MODEL, _TEMPLATE, _LENGTH = "BASE_MODEL", "TEMPLATE_OF_THE_MODEL", 2048


def trainer_files(manifest: Manifest, format: str, files: Files) -> dict[str, str]:
    """Name -> text of what stands beside the files of a format."""
    write = _WRITERS.get(format)
    return {} if write is None else write(manifest, files)


def _index_entry(stage: str, file: str, *, tools: bool) -> dict[str, Any]:
    """An entry of LLaMA-Factory's `dataset_info.json`."""
    columns = {"messages": "messages"} | ({"tools": "tools"} if tools else {})
    entry: dict[str, Any] = {"file_name": file, "formatting": "sharegpt"}
    if stage == "dpo":
        entry["ranking"] = True
        columns |= {"chosen": "chosen", "rejected": "rejected"}
    entry["columns"] = columns
    entry["tags"] = {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "observation_tag": "observation",
        "function_tag": "function_call",
        "system_tag": "system",
    }
    return entry


def _llama_factory(manifest: Manifest, files: Files) -> dict[str, str]:
    entries = {}
    for stage, splits in files.items():
        for split, file in splits.items():
            tools = "tools" in manifest.schemas.get(f"llama-factory/{file}", {})
            entries[f"{manifest.name}_{stage}_{split}"] = _index_entry(stage, file, tools=tools)
    index = orjson.dumps(entries, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode() + "\n"
    made = {"dataset_info.json": index}
    for stage, splits in files.items():
        if "train" not in splits:
            continue
        settings = {
            "model_name_or_path": _MODEL,
            "stage": stage,
            "do_train": True,
            "finetuning_type": "lora",
            "lora_target": "all",
            "dataset_dir": ".",
            "dataset": f"{manifest.name}_{stage}_train",
            "template": _TEMPLATE,
            "cutoff_len": _LENGTH,
            # Only the answer was labelled: earlier turns of the assistant are not trained.
            **({"mask_history": True} if stage == "sft" else {"pref_loss": "sigmoid", "pref_beta": 0.1}),
            "output_dir": f"saves/{stage}",
        }
        made[f"train-{stage}.yaml"] = _yaml(settings)
    return made


def _axolotl(_manifest: Manifest, files: Files) -> dict[str, str]:
    made = {}
    for stage, splits in files.items():
        if "train" not in splits:
            continue
        shape: dict[str, Any] = {"field_messages": "messages"}
        if stage == "sft":
            shape |= {"type": "chat_template", "message_property_mappings": {"role": "role", "content": "content"}}
            shape |= {"message_field_training": "train", "roles_to_train": ["assistant"], "train_on_eos": "turn"}
        else:
            shape |= {"type": "chat_template.default", "field_chosen": "chosen", "field_rejected": "rejected"}
        settings: dict[str, Any] = {"base_model": _MODEL, "adapter": "lora", "lora_r": 16, "lora_alpha": 32}
        settings |= {"lora_target_linear": True} | ({} if stage == "sft" else {"rl": "dpo"})
        settings["datasets"] = [{"path": splits["train"], "ds_type": _kind(splits["train"]), "split": "train", **shape}]
        if (held := _watched(splits)) is not None:
            settings["test_datasets"] = [{"path": held, "ds_type": _kind(held), "split": "train", **shape}]
        settings |= {"sequence_len": _LENGTH, "micro_batch_size": 1, "gradient_accumulation_steps": 8, "num_epochs": 1}
        settings |= {"learning_rate": 0.0002, "output_dir": f"saves/{stage}"}
        made[f"train-{stage}.yaml"] = _yaml(settings)
    return made


def _torchtune(_manifest: Manifest, files: Files) -> dict[str, str]:
    made = {}
    for stage, splits in files.items():
        if "train" not in splits:
            continue
        source = {"source": _kind(splits["train"]), "data_files": splits["train"], "split": "train"}
        if stage == "sft":
            dataset: dict[str, Any] = {"_component_": "torchtune.datasets.chat_dataset", **source}
            dataset |= {"conversation_column": "messages", "conversation_style": "openai"}
        else:
            dataset = {"_component_": "torchtune.datasets.preference_dataset", **source, "train_on_input": False}
        made[f"train-{stage}.yaml"] = _yaml({"dataset": dataset})
    return made


def _swift(_manifest: Manifest, files: Files) -> dict[str, str]:
    made = {}
    for stage, splits in files.items():
        if "train" not in splits:
            continue
        command = ["swift sft" if stage == "sft" else "swift rlhf --rlhf_type dpo"]
        command += [f"--model {_MODEL}", f"--dataset {splits['train']}"]
        held = _watched(splits)
        command += ["--split_dataset_ratio 0"] if held is None else [f"--val_dataset {held}"]
        command += [f"--max_length {_LENGTH}", "--truncation_strategy raise", f"--output_dir saves/{stage}"]
        made[f"train-{stage}.sh"] = "#!/bin/sh\n" + " \\\n  ".join(command) + "\n"
    return made


_TRL = '''"""Trains on this folder by TRL: python train-{stage}.py MODEL; MODEL is a name or a folder."""

import sys
from pathlib import Path

import torch
from datasets import load_dataset
from trl import {config}, {trainer}

here = Path(__file__).parent
files = {files}
data = load_dataset({kind}, data_files={{split: str(here / file) for split, file in files.items()}})
bf16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported()  # TRL takes it for given
settings = {config}({settings})
trainer = {trainer}(
    model=sys.argv[1], args=settings, train_dataset=data["train"], eval_dataset=data.get("{watched}")
)
kept = len(trainer.train_dataset)
if kept != len(data["train"]):
    raise SystemExit(f"{{len(data['train']) - kept}} rows would be left out as too long: raise max_length")
trainer.train()
trainer.save_model(settings.output_dir)
'''
"""Rows that are longer than the limit are left out by TRL without a word: so they are counted."""


def _trl(_manifest: Manifest, files: Files) -> dict[str, str]:
    classes = {"sft": ("SFTConfig", "SFTTrainer"), "dpo": ("DPOConfig", "DPOTrainer")}
    return _scripts(files, classes)


def _kto(_manifest: Manifest, files: Files) -> dict[str, str]:
    return _scripts(files, {"dpo": ("KTOConfig", "KTOTrainer")})


def _scripts(files: Files, classes: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    made = {}
    for stage, splits in files.items():
        if "train" not in splits:
            continue
        config, trainer = classes[stage]
        settings = f'output_dir="saves/{stage}", max_length={_LENGTH}, bf16=bf16'
        settings += ", completion_only_loss=True" if stage == "sft" else ""
        made[f"train-{stage}.py"] = _TRL.format(
            stage=stage,
            config=config,
            trainer=trainer,
            files=json.dumps(dict(splits)),
            watched="validation" if "validation" in splits else "test",
            kind=json.dumps(_kind(splits["train"])),
            settings=settings,
        )
    return made


_WRITERS: Mapping[str, Callable[[Manifest, Files], dict[str, str]]] = {
    "llama-factory": _llama_factory,
    "axolotl": _axolotl,
    "torchtune": _torchtune,
    "ms-swift": _swift,
    "trl": _trl,
    "kto": _kto,
}


def _watched(splits: Mapping[str, str]) -> str | None:
    """The file that a trainer watches its loss on: validation where there is one, so that test stays unseen."""
    return splits.get("validation", splits.get("test"))


def _kind(file: str) -> str:
    return "parquet" if file.endswith(".parquet") else "json"


def _yaml(settings: Mapping[str, Any]) -> str:
    """YAML with each top key on a line: a JSON value is a YAML value, whatever characters a name holds."""
    return "".join(f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in settings.items())
