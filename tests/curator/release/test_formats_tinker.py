"""The real loaders of tinker-cookbook read our files: an export counts as valid when its consumer loads it."""

import pytest

from curator.release.carriage import turns_of
from curator.release.formats import render
from curator.release.rows import DpoRow, SftRow

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

CHAT_TEMPLATE = (
    "{%- for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>' + '\n' }}"
    "{%- endfor %}{%- if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{%- endif %}"
)
SYSTEM = ("system", "Name the intent. Grüße\u2028")


@pytest.fixture(scope="module")
def tokenizer_folder(tmp_path_factory):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(["system user assistant\n where is my card? card_arrival"] * 20, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHAT_TEMPLATE
    )
    folder = tmp_path_factory.mktemp("tokenizer")
    fast.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def config(tokenizer_folder):
    from tinker_cookbook.supervised.types import ChatDatasetBuilderCommonConfig

    def make(batch_size):
        return ChatDatasetBuilderCommonConfig(
            model_name_for_tokenizer=str(tokenizer_folder),
            renderer_name="qwen3_instruct",
            max_length=512,
            batch_size=batch_size,
        )

    return make


@pytest.fixture(scope="module")
def decode(tokenizer_folder):
    from tinker_cookbook.tokenizer_utils import get_tokenizer

    tokenizer = get_tokenizer(str(tokenizer_folder))

    def trained_text(datum):
        weights = datum.loss_fn_inputs["weights"].data
        tokens = datum.loss_fn_inputs["target_tokens"].data
        text = tokenizer.decode([int(t) for t, w in zip(tokens, weights, strict=True) if w > 0])
        return text.removesuffix("\n").removesuffix("<|im_end|>")

    return trained_text


def write(folder, stage, rows):
    path, data = render("tinker", stage, "train", rows)
    file = folder / path
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    return str(file)


def test_the_sft_builder_trains_on_exactly_our_answers(tmp_path, config, decode):
    from tinker_cookbook.supervised.data import FromConversationFileBuilder

    answers = [f"intent_{i}" for i in range(8)]
    rows = [SftRow(f"e{i}", turns_of(SYSTEM, ("user", f"text {i}"), ("assistant", a))) for i, a in enumerate(answers)]
    dataset, _ = FromConversationFileBuilder(file_path=write(tmp_path, "sft", rows), common_config=config(4))()
    assert len(dataset) == 2
    trained = [decode(datum) for batch in range(2) for datum in dataset.get_batch(batch)]
    assert sorted(trained) == answers


def test_an_answer_of_the_assistant_in_the_input_is_not_trained(tmp_path, tokenizer_folder, decode):
    from tinker_cookbook.renderers import TrainOnWhat
    from tinker_cookbook.supervised.data import FromConversationFileBuilder
    from tinker_cookbook.supervised.types import ChatDatasetBuilderCommonConfig

    before = (("user", "hello"), ("assistant", "nobody labelled this"))
    rows = [SftRow(f"e{i}", turns_of(*(before * (i % 2)), ("user", "q"), ("assistant", f"a{i}"))) for i in range(8)]
    settings = {"model_name_for_tokenizer": str(tokenizer_folder), "renderer_name": "qwen3_instruct"}
    file = write(tmp_path, "sft", rows)

    def build(what):
        common = ChatDatasetBuilderCommonConfig(**settings, max_length=512, batch_size=8, train_on_what=what)
        return FromConversationFileBuilder(file_path=file, common_config=common)()[0].get_batch(0)

    assert sorted(map(decode, build(TrainOnWhat.CUSTOMIZED))) == [f"a{i}" for i in range(8)]
    with pytest.raises(AssertionError, match="trainable"):
        build(None)  # whoever forgets the setting is told, and trains nothing else


def test_the_dpo_builder_prefers_our_chosen_answer_on_either_side(tmp_path, config, decode):
    from tinker_cookbook.preference.dpo_datasets import DPODatasetBuilderFromComparisons
    from tinker_cookbook.preference.preference_datasets import ComparisonBuilderFromJsonl

    rows = [DpoRow(f"e{i}", turns_of(SYSTEM, ("user", f"text {i}")), f"good_{i}", f"bad_{i}") for i in range(16)]
    builder = ComparisonBuilderFromJsonl(train_path=write(tmp_path, "dpo", rows))
    labels = {each.label for each in builder.get_labeled_comparisons()[0]}
    assert labels == {"A", "B"}
    dataset, _ = DPODatasetBuilderFromComparisons(comparison_builder=builder, common_config=config(16))()
    trained = [decode(datum) for datum in dataset.get_batch(0)]
    assert trained == [text for i in range(16) for text in (f"good_{i}", f"bad_{i}")]
