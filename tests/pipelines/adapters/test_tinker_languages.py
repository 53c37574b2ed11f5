"""The task the local student must do well: naming the language of a sentence, on real text."""

import json
import random
from pathlib import Path

import pytest

from pipelines.adapters.tinker import LOCAL_DEFAULTS, LocalTinker, TinkerSampler, TinkerTrainer
from tests.places import SHARED

FILE = SHARED / "tinker_multilingual" / "data.jsonl"
OTHERS = ("bg", "sw", "th")


def none(done: int, total: int) -> None:
    assert done <= total


@pytest.mark.slow
@pytest.mark.skipif(not FILE.exists(), reason="needs the shared multilingual data")
def test_the_local_defaults_reach_95_percent_on_13_languages_and_dpo_keeps_them(tmp_path: Path) -> None:
    rows = [row for row in map(json.loads, FILE.read_text().splitlines()) if row["part"] == "parallel"]
    labels = {row["id"]: "ot" if row["lang"] in OTHERS else row["lang"] for row in rows}
    groups = sorted({row["group"] for row in rows})
    random.Random(0).shuffle(groups)
    held_out = set(groups[: len(groups) // 5])
    train = [row for row in rows if row["group"] not in held_out]
    test = [row for row in rows if row["group"] in held_out]

    def turn(role: str, content: str) -> list[dict[str, str]]:
        return [{"role": role, "content": content}]

    def write(name: str, made: list[dict[str, object]]) -> Path:
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in made))
        return tmp_path / name

    settings = LOCAL_DEFAULTS
    with LocalTinker(tmp_path / "server", [row["text"] for row in rows], 0) as server:
        trainer = TinkerTrainer(
            server.base_model, base_url=server.base_url, renderer_name=None, lora_rank=8, local=True
        )
        sampler = TinkerSampler(server.base_model, base_url=server.base_url, local=True)

        def answers(path: str, asked: list[dict[str, str]]) -> list[str]:
            prompts = [turn("user", row["text"]) for row in asked]
            found = sampler.sample(prompts, model_path=path, max_tokens=settings.max_tokens, progress=none)
            return [answer.text for answer in found]

        def accuracy(path: str) -> float:
            given = answers(path, test)
            return sum(labels[row["id"]] == text for row, text in zip(test, given, strict=True)) / len(test)

        made = [{"messages": turn("user", r["text"]) + turn("assistant", labels[r["id"]])} for r in train]
        report = trainer.sft(
            write("sft.jsonl", made),
            tmp_path / "sft",
            epochs=settings.epochs,
            batch_size=settings.batch_size,
            learning_rate=None,
            max_length=settings.max_length,
            seed=0,
            progress=none,
        )
        learned = accuracy(report.checkpoint.sampler_path)
        assert learned >= 0.95
        rng = random.Random(0)
        wrong = [rng.choice(sorted(set(labels.values()) - {labels[row["id"]]})) for row in train[:200]]
        pairs = [
            {
                "comparison": {
                    "prompt_conversation": turn("user", row["text"]),
                    "completion_A": turn("assistant", labels[row["id"]]),
                    "completion_B": turn("assistant", other),
                },
                "label": "A",
            }
            for row, other in zip(train[:200], wrong, strict=True)
        ]
        tuned = trainer.dpo(
            write("dpo.jsonl", pairs),
            tmp_path / "dpo",
            start=report.checkpoint,
            epochs=settings.dpo_epochs,
            batch_size=settings.dpo_batch_size,
            learning_rate=None,
            beta=settings.dpo_beta,
            max_length=settings.max_length,
            seed=0,
            progress=none,
        )
        assert tuned.losses[-1] < tuned.losses[0]
        assert accuracy(tuned.checkpoint.sampler_path) >= learned - 0.02
