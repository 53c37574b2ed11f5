"""Makes the small base model from unlabelled texts: tokenizer, configuration, random weights.

The folder name carries a hash of corpus, seed and recipe: the same inputs find the same folder again.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from pipelines.adapters.tinker_server.model import IM_END, IM_START, PAD, ModelShape, Student

RECIPE = 1
"""Counts up whenever the same corpus would give another model."""
VOCABULARY = 2048
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def train_tokenizer(corpus: Sequence[str], vocabulary: int) -> Tokenizer:
    """Train a byte-level BPE tokenizer: any text is representable, none is unknown."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, IM_START, IM_END, "<think>", "</think>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    # The words of the chat frame become single tokens however small the corpus is.
    frame = ["user\n", "assistant\n", "system\n"] * (len(corpus) + 8)
    tokenizer.train_from_iterator([*corpus, *frame], trainer)
    return tokenizer


def make_student(root: Path, corpus: Sequence[str], seed: int, vocabulary: int = VOCABULARY) -> Path:
    """Write the base model for a corpus under `root`, or find it there.

    Args:
        root: Folder that holds the base models.
        corpus: Unlabelled texts, at least one.
        seed: Seed of the weights.
        vocabulary: Largest number of tokens, bytes and special tokens included.

    Returns:
        A folder that `AutoTokenizer` and `AutoModelForCausalLM` load.

    Raises:
        ValueError: The corpus is empty.
    """
    if not any(text.strip() for text in corpus):
        raise ValueError("the corpus has no text: give at least one non-empty user text")
    identity = json.dumps([RECIPE, vocabulary, seed, list(corpus)], ensure_ascii=True).encode()
    folder = root / f"student-{hashlib.sha256(identity).hexdigest()[:16]}"
    if (folder / "config.json").exists():
        return folder
    root.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=root))
    tokenizer = train_tokenizer(corpus, vocabulary)
    tokenizer.save(str(draft / "tokenizer.json"))
    (draft / "tokenizer_config.json").write_text(
        json.dumps(
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "eos_token": IM_END,
                "pad_token": PAD,
                "clean_up_tokenization_spaces": False,
                "model_max_length": ModelShape(1).max_position_embeddings,
                "chat_template": CHAT_TEMPLATE,
            },
            indent=1,
        )
        + "\n"
    )
    Student.random(ModelShape(tokenizer.get_vocab_size()), seed).save(draft)
    try:
        os.replace(draft, folder)  # noqa: PTH105  a rename is the only atomic way to publish a folder
    except OSError:
        if not (folder / "config.json").exists():
            raise
        shutil.rmtree(draft)  # another process made the same folder first
    return folder
