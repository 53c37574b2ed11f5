from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from pipelines.adapters.tinker_server.checkpoints import CheckpointStore, RefusedError, Run, Saved
from pipelines.adapters.tinker_server.model import Student, by_length, pad
from pipelines.adapters.tinker_server.sampling import SampleRequest, check, sample
from pipelines.adapters.tinker_server.student import make_student
from pipelines.adapters.tinker_server.training import AdamParams, Datum, TrainedModel

CORPUS = ["the red apple is ripe", "der rote Apfel ist reif", "яблоко красное", "红苹果熟了"] * 5


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_student(tmp_path_factory.mktemp("base"), CORPUS, 0, vocabulary=400)


@pytest.fixture
def student(folder: Path) -> Student:
    return Student.load(folder)


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Tokenizer:
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def lively(student: Student) -> Student:
    """Larger weights, so that answers depend on the prompt."""
    with torch.no_grad():
        for parameter in student.parameters():
            if parameter.dim() > 1:
                parameter.mul_(8)
    return student


def data(student: Student, rows: int = 6) -> list[Datum]:
    rng = np.random.default_rng(0)
    made = []
    for row in range(rows):
        tokens = rng.integers(0, student.shape.vocab_size, 4 + 3 * row)
        weights = np.where(np.arange(len(tokens)) >= len(tokens) - 2, 0.5, 0.0).astype(np.float32)
        made.append(Datum(tokens.tolist(), np.roll(tokens, -1).astype(np.int64), weights))
    return made


def test_transformers_loads_the_folder_and_computes_the_same_logits(folder: Path, student: Student) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    theirs = AutoModelForCausalLM.from_pretrained(folder).eval()
    tokens = AutoTokenizer.from_pretrained(folder)("der rote Apfel", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        torch.testing.assert_close(student(tokens), theirs(tokens).logits, atol=1e-5, rtol=1e-4)


def test_the_tokenizer_gives_every_text_back(tokenizer: Tokenizer) -> None:
    for text in ("الجديد 🙂", "a\tb\n\n c", "ประเทศไทย"):
        assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_the_same_corpus_and_seed_find_the_same_folder_and_another_seed_another(tmp_path: Path) -> None:
    first = make_student(tmp_path, CORPUS, 0, vocabulary=400)
    changed = first.stat().st_mtime_ns
    assert make_student(tmp_path, CORPUS, 0, vocabulary=400) == first
    assert first.stat().st_mtime_ns == changed
    assert make_student(tmp_path, CORPUS, 1, vocabulary=400) != first


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = make_student(tmp_path, CORPUS, 0, vocabulary=400)
    for name in ("tokenizer.json", "model.safetensors", "config.json"):
        assert (again / name).read_bytes() == (folder / name).read_bytes()


def test_a_corpus_without_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no text"):
        make_student(tmp_path, [" ", ""], 0)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=40), st.integers(1, 200))
def test_groups_hold_each_row_once_and_keep_the_budget(lengths: list[int], budget: int) -> None:
    rows = [[0] * length for length in lengths]
    groups = by_length(rows, budget)
    assert sorted(row for group in groups for row in group) == list(range(len(rows)))
    assert all(len(group) == 1 or len(group) * max(lengths[row] for row in group) <= budget for group in groups)


def test_sampling_with_a_cache_equals_recomputing_from_scratch(student: Student, tokenizer: Tokenizer) -> None:
    lively(student)
    prompts = [(5, 9, 30), (7,), (100, 101, 102, 103, 104, 105, 106)]
    requests = [SampleRequest(prompt, max_tokens=6, temperature=0.0) for prompt in prompts]
    for prompt, result in zip(prompts, sample(student, tokenizer, requests), strict=True):
        tokens = list(prompt)
        with torch.no_grad():
            for _ in range(6):
                tokens.append(int(student(torch.tensor([tokens]))[0, -1].argmax()))
        assert result.sequences[0].tokens == tokens[len(prompt) :]
        assert not result.sequences[0].stopped


def test_an_answer_does_not_depend_on_its_batch(student: Student, tokenizer: Tokenizer) -> None:
    lively(student)
    asked = SampleRequest((5, 9, 30), samples=2, max_tokens=5, temperature=1.0, top_p=0.9, top_k=50, seed=3)
    others = [SampleRequest(tuple(range(1, 2 + n)), max_tokens=1 + n, temperature=0.0) for n in range(9)]
    alone = sample(student, tokenizer, [asked])[0]
    together = sample(student, tokenizer, [*others, asked])[-1]
    assert [answer.tokens for answer in alone.sequences] == [answer.tokens for answer in together.sequences]
    assert alone.sequences[0].tokens != alone.sequences[1].tokens


def test_prompt_scores_are_the_log_probabilities_of_the_next_tokens(student: Student, tokenizer: Tokenizer) -> None:
    prompt = (5, 9, 30, 2)
    scores = sample(student, tokenizer, [SampleRequest(prompt, max_tokens=1, score_last=2)])[0].prompt_logprobs
    with torch.no_grad():
        expected = student(torch.tensor([prompt]))[0].log_softmax(-1)
    assert scores is not None
    assert np.isnan(scores[:2]).all()
    assert scores[2:] == pytest.approx([float(expected[1, 30]), float(expected[2, 2])], abs=1e-5)


def test_sampling_ends_at_a_stop_token_and_at_a_stop_text(student: Student, tokenizer: Tokenizer) -> None:
    lively(student)
    free = sample(student, tokenizer, [SampleRequest((5, 9), max_tokens=8, temperature=0.0)])[0].sequences[0]
    stop = free.tokens[2]
    by_token = SampleRequest((5, 9), max_tokens=8, temperature=0.0, stop_tokens=frozenset({stop}))
    ended = sample(student, tokenizer, [by_token])[0].sequences[0]
    assert ended.stopped
    assert ended.tokens == free.tokens[: free.tokens.index(stop) + 1]
    text = tokenizer.decode(free.tokens[:2], skip_special_tokens=False)
    by_text = SampleRequest((5, 9), max_tokens=8, temperature=0.0, stop_texts=(text,))
    assert len(sample(student, tokenizer, [by_text])[0].sequences[0].tokens) <= 2


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (SampleRequest(()), "no tokens"),
        (SampleRequest((1,) * 1024), "reads at most 1023"),
        (SampleRequest((400,)), "another tokenizer"),
        (SampleRequest((1,), samples=0), "num_samples"),
    ],
)
def test_impossible_sampling_requests_are_refused(student: Student, request_: SampleRequest, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        check(request_, student)


def test_gradients_equal_those_of_the_whole_unsplit_loss(folder: Path, student: Student) -> None:
    run, batch = Run("r", "b", {}, ""), data(student)
    model = TrainedModel(run, student)
    outputs, loss = model.forward_backward(batch, backward=True)
    whole = Student.load(folder)
    logprobs = whole(pad([datum.tokens for datum in batch])).log_softmax(-1)
    expected = torch.zeros(())
    for row, datum in enumerate(batch):
        picked = logprobs[row, : len(datum.tokens)].gather(1, torch.from_numpy(datum.targets_T)[:, None])[:, 0]
        np.testing.assert_allclose(outputs[row], picked.detach().numpy(), atol=1e-5)
        expected = expected - (picked * torch.from_numpy(datum.weights_T)).sum()
    expected.backward()
    assert loss == pytest.approx(float(expected.detach()), rel=1e-5)
    for ours, theirs in zip(student.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, atol=1e-5, rtol=1e-4)


def test_a_forward_pass_leaves_no_gradient(student: Student) -> None:
    TrainedModel(Run("r", "b", {}, ""), student).forward_backward(data(student), backward=False)
    assert all(parameter.grad is None for parameter in student.parameters())


def test_training_goes_on_from_a_checkpoint_exactly_as_without_one(student: Student, tmp_path: Path) -> None:
    run, batch = Run("s:train:0", "b", {"renderer_name": "qwen3_instruct"}, ""), data(student)
    model = TrainedModel(run, student)
    for _ in range(3):
        model.forward_backward(batch, backward=True)
        model.step(AdamParams(learning_rate=1e-3))
    store = CheckpointStore(tmp_path)
    store.add_run(run)
    saved = store.save(Saved(run.id, "weights", "000003", "t", 0), model.weights(), model.optimizer_state())
    source, weights, state = CheckpointStore(tmp_path).load(saved.path, optimizer=True)
    assert source == run
    assert state is not None
    resumed = TrainedModel(run, Student(student.shape))
    resumed.student.load_state_dict(weights)
    resumed.restore_optimizer(state)
    for one in (model, resumed):
        one.forward_backward(batch, backward=True)
        one.step(AdamParams(learning_rate=1e-3))
    for ours, theirs in zip(model.student.parameters(), resumed.student.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_a_save_that_was_cut_short_is_forgotten(student: Student, tmp_path: Path) -> None:
    store, run = CheckpointStore(tmp_path), Run("run", "b", {}, "")
    store.add_run(run)
    store.save(Saved("run", "weights", "whole", "t", 0), student.state_dict(), None)
    draft = tmp_path / "runs" / "run" / "weights" / ".draft-x"
    draft.mkdir()
    (draft / "model.safetensors").write_bytes(b"half")
    assert [saved.name for saved in CheckpointStore(tmp_path).of("run")] == ["whole"]
    assert not draft.exists()


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "", "x" * 129])
def test_a_checkpoint_cannot_be_named_out_of_its_folder(student: Student, tmp_path: Path, name: str) -> None:
    store = CheckpointStore(tmp_path)
    with pytest.raises(RefusedError, match="name"):
        store.save(Saved("run", "weights", name, "t", 0), {}, None)


def test_data_of_another_tokenizer_or_uneven_length_is_refused(student: Student) -> None:
    model = TrainedModel(Run("r", "b", {}, ""), student)
    one, ones = np.array([1, 2]), np.ones(2, np.float32)
    with pytest.raises(RefusedError, match=r"datum 1 .*another tokenizer"):
        model.check([Datum([1, 2], one, ones), Datum([1, 400], one, ones)])
    with pytest.raises(RefusedError, match="datum 0 has 3 tokens, but 2 targets"):
        model.check([Datum([1, 2, 3], one, ones)])
    with pytest.raises(RefusedError, match="datum 0 has 0 tokens"):
        model.check([Datum([], one[:0], ones[:0])])
