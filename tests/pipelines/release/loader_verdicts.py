"""What trainers' own loaders make of files: `python loader_verdicts.py FOLDER`, run by a Python that has them.

FOLDER holds `FORMAT/NUMBER.jsonl` and prints one JSON object: format -> number -> "kept", "refused: …" or "changed: …".
It imports nothing of Curator but the tokenizer of `loader_script`, whose path is the second argument.
"""

import importlib
import importlib.util
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_DISABLE_PROGRESS_BARS": "1", "CUDA_VISIBLE_DEVICES": ""}


def said(path: Path) -> list[Any]:
    """The answer of each row as the file has it; None where it has none or one that is no text."""
    found = []
    for line in path.read_bytes().decode("utf-8-sig", "replace").split("\n"):
        if line.strip():
            try:
                row = json.loads(line)
                turn = (row["messages"] if "messages" in row else row["completion"])[-1]
                found.append(turn["content"] if isinstance(turn["content"], str) else None)
            except (ValueError, TypeError, KeyError, IndexError):
                found.append(None)
    return found


def held(wanted: list[Any], got: list[Any]) -> str:
    if len(wanted) != len(got):
        return f"changed: {len(got)} of {len(wanted)} rows are kept"
    for number, (want, have) in enumerate(zip(wanted, got, strict=True), start=1):
        if want is None or want != have:
            return f"changed: row {number} trains {have!r:.60}" + (
                "" if want is None else f", the file says {want!r:.40}"
            )
    return "kept"


def load(path: Path) -> Any:
    datasets = importlib.import_module("datasets")
    return datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=tempfile.mkdtemp())


CHECKS = ("together", "mistral")


class Loaders:
    def __init__(self, script: str) -> None:
        spec = importlib.util.spec_from_file_location("script", script)
        assert spec
        assert spec.loader
        self.script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.script)
        self.tokenizer = self.script._tokenizer()
        self.model: Any = None

    def trained(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids).removesuffix("\n").removesuffix("<|im_end|>")

    def trl(self, path: Path) -> list[Any]:
        trl, transformers = (importlib.import_module(name) for name in ("trl", "transformers"))
        if self.model is None:
            size = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
            heads = {"num_attention_heads": 1, "num_key_value_heads": 1}
            config = transformers.LlamaConfig(vocab_size=len(self.tokenizer), **size, **heads)
            self.model = transformers.LlamaForCausalLM(config)
        settings = trl.SFTConfig(output_dir=tempfile.mkdtemp(), report_to=[], use_cpu=True, max_length=None, bf16=False)
        made = trl.SFTTrainer(
            model=self.model, args=settings, train_dataset=load(path), processing_class=self.tokenizer
        ).train_dataset
        found = []
        for row in made:
            counts = row.get("completion_mask") or row.get("labels") or row["input_ids"]
            keep = [c >= 0 for c in counts] if "completion_mask" not in row else [bool(c) for c in counts]
            found.append(self.trained([t for t, k in zip(row["input_ids"], keep, strict=True) if k]))
        return found

    def tinker(self, path: Path) -> list[Any]:
        renderers = importlib.import_module("tinker_cookbook.renderers")
        datasets = importlib.import_module("datasets")
        renderer = renderers.get_renderer("qwen3_instruct", self.tokenizer)
        rows = []
        with path.open(encoding="utf-8") as lines:  # as FromConversationFileBuilder does
            for line in lines:
                row = json.loads(line.strip())
                if "messages" not in row:
                    raise ValueError(f"no messages in {line[:60]!r}")
                rows.append(row)
        found = []
        for row in datasets.Dataset.from_list(rows):
            what = renderers.TrainOnWhat.LAST_ASSISTANT_MESSAGE
            made, weights = renderer.build_supervised_example(row["messages"], train_on_what=what)
            found.append(self.trained([t for t, w in zip(made.to_ints(), weights.tolist(), strict=True) if w > 0]))
        return found

    def together(self, path: Path) -> list[Any]:
        report = importlib.import_module("together.lib.utils").check_file(path)
        if not report["is_check_passed"]:
            raise ValueError(report.get("message") or str(report)[:200])
        return [turn or "" for turn in said(path)]

    def mistral(self, path: Path) -> list[Any]:
        validator = importlib.import_module("mistral_common.protocol.instruct.validator")
        request = importlib.import_module("mistral_common.protocol.instruct.request")
        check = validator.MistralRequestValidatorV3(mode=validator.ValidationMode.finetuning)
        rows = [json.loads(line) for line in path.open(encoding="utf-8")]
        if not rows:
            raise ValueError("no rows")
        for row in rows:
            turns = [{k: v for k, v in t.items() if k != "weight"} for t in row["messages"]]
            check.validate_request(request.ChatCompletionRequest(messages=turns, tools=row.get("tools")))
        return [turn or "" for turn in said(path)]

    def llama_factory(self, path: Path) -> list[Any]:
        converter = importlib.import_module("llamafactory.data.converter")
        parser = importlib.import_module("llamafactory.data.parser")
        tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
        tags |= {"observation_tag": "observation", "function_tag": "function_call", "system_tag": "system"}
        attr = parser.DatasetAttr(load_from="file", dataset_name="d", formatting="sharegpt")
        attr.join({"formatting": "sharegpt", "columns": {"messages": "messages"}, "tags": tags})
        hparams = importlib.import_module("llamafactory.hparams")
        read = converter.SharegptDatasetConverter(attr, hparams.DataArguments())
        made = [read(row) for row in load(path)]
        # The supervised processor drops a row whose turns are not one prompt of odd length and one answer.
        return [
            row["_response"][0]["content"] for row in made if len(row["_prompt"]) % 2 and len(row["_response"]) == 1
        ]

    def ms_swift(self, path: Path) -> list[Any]:
        swift = importlib.import_module("swift.dataset")
        made = swift.MessagesPreprocessor()(load(path), num_proc=1, load_from_cache_file=False, strict=False)
        return [row["messages"][-1]["content"] for row in made]

    def axolotl(self, path: Path) -> list[Any]:
        module = importlib.import_module("axolotl.prompt_strategies.chat_template")
        prompter = module.ChatTemplatePrompter(
            self.tokenizer, chat_template=self.tokenizer.chat_template, message_field_training="train",
            message_property_mappings={"role": "role", "content": "content"}, max_length=10**7,
        )  # fmt: skip
        strategy = module.ChatTemplateStrategy(
            prompter, self.tokenizer, train_on_inputs=False, sequence_len=10**7, roles_to_train=["assistant"],
            train_on_eos="turn",
        )  # fmt: skip
        found = []
        for row in load(path):
            made = strategy.tokenize_prompt(row)
            # It trains every answer of a row: what counts is how the last one comes out.
            found.append(self.trained([t for t in made["labels"] if t >= 0]).rpartition("<|im_end|>")[2])
        return found


def main(folder: Path, script: str) -> None:
    logging.disable(logging.CRITICAL)
    made: dict[str, dict[str, str]] = {}
    loaders = Loaders(script)
    for kind in sorted(each for each in folder.iterdir() if each.is_dir()):
        read = getattr(loaders, kind.name.replace("-", "_"))
        for path in sorted(kind.glob("*.jsonl")):
            try:
                wanted = said(path)
                if kind.name in CHECKS:  # they read and say yes or no; nothing is trained
                    wanted = [turn or "" for turn in wanted]
                verdict = held(wanted, read(path))
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                verdict = f"refused: {type(error).__name__}: {' '.join(str(error).split())[:120]}"
            made.setdefault(kind.name, {})[path.stem] = verdict
            sys.stderr.write(f"{kind.name} {path.stem} {verdict}\n")
    sys.stdout.write("\n" + json.dumps(made) + "\n")


if __name__ == "__main__":
    sys.path.pop(0)
    main(Path(sys.argv[1]), sys.argv[2])
