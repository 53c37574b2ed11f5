"""The real client and the real cookbook loops against the real local server, on loopback."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from curator.errors import DataError, TrainerError
from curator.ports import TrainingReport
from pipelines.adapters.tinker import LOCAL_DEFAULTS, LocalTinker, TinkerSampler, TinkerTrainer, describe

CORPUS = [f"{word} {n}" for n in range(30) for word in ("red apple", "green pear", "blue sky", "of the", "near a")]
LABELS = {"red": "R", "green": "G", "blue": "B"}


def none(done: int, total: int) -> None:
    assert 0 <= done <= total


def texts(count: int, seed: int) -> list[tuple[str, str]]:
    """Sentences with one colour in them, and its label."""
    rng = random.Random(seed)
    fillers = ["apple", "pear", "sky", "of the", "near a"]
    made = []
    for _ in range(count):
        colour = rng.choice(sorted(LABELS))
        made.append((" ".join([*rng.choices(fillers, k=2), colour, rng.choice(fillers)]), LABELS[colour]))
    return made


def sft_file(file: Path, count: int = 192) -> Path:
    rows = [
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": label}]}
        for text, label in texts(count, 0)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def dpo_file(file: Path, count: int = 16) -> Path:
    def side(label: str) -> list[dict[str, str]]:
        return [{"role": "assistant", "content": label}]

    rows = [
        {
            "comparison": {
                "prompt_conversation": [{"role": "user", "content": text}],
                "completion_A": side(label),
                "completion_B": side("R" if label != "R" else "G"),
            },
            "label": "A",
        }
        for text, label in texts(count, 1)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTinker]:
    with LocalTinker(tmp_path_factory.mktemp("tinker"), CORPUS, 0) as running:
        yield running


def trainer(server: LocalTinker) -> TinkerTrainer:
    return TinkerTrainer(server.base_model, base_url=server.base_url, renderer_name=None, lora_rank=8, local=True)


def train(server: LocalTinker, file: Path, log_dir: Path, epochs: int = 1, rate: float = 5e-3) -> TrainingReport:
    return trainer(server).sft(
        file, log_dir, epochs=epochs, batch_size=16, learning_rate=rate, max_length=64, seed=0, progress=none
    )


def accuracy(server: LocalTinker, path: str | None) -> float:
    asked = texts(60, 2)
    sampler = TinkerSampler(server.base_model, base_url=server.base_url, local=True)
    answers = sampler.sample(
        [[{"role": "user", "content": text}] for text, _ in asked], model_path=path, max_tokens=4, progress=none
    )
    assert all(answer.latency_s > 0 and answer.tokens_in > 0 and answer.tokens_out > 0 for answer in answers)
    return sum(answer.text == label for answer, (_, label) in zip(answers, asked, strict=True)) / len(asked)


@contextmanager
def client(server: LocalTinker) -> Iterator[Any]:
    import tinker

    service = tinker.ServiceClient(base_url=server.base_url, api_key=server.api_key)
    yield service
    service.close("success").result()


def datum(tokens: list[int]) -> Any:
    import tinker

    return tinker.Datum(
        model_input=tinker.ModelInput.from_ints(tokens[:-1]),
        loss_fn_inputs={
            "target_tokens": tinker.TensorData(data=tokens[1:], dtype="int64", shape=[len(tokens) - 1]),
            "weights": tinker.TensorData(data=[1.0] * (len(tokens) - 1), dtype="float32", shape=[len(tokens) - 1]),
        },
    )


def steps(model: Any, data: list[Any], count: int) -> list[float]:
    """Train `count` steps and return the loss before each."""
    import tinker

    losses = []
    for _ in range(count):
        passed = model.forward_backward(data, "cross_entropy")
        stepped = model.optim_step(tinker.AdamParams(learning_rate=1e-2))
        losses.append(passed.result().metrics["loss:sum"])
        stepped.result()
    return losses


def test_describe_says_what_the_local_server_does_otherwise() -> None:
    for said in ("all weights", "not a LoRA", "random weights", "small student"):
        assert said in describe()


def test_importing_the_adapter_imports_nothing_heavy() -> None:
    heavy = "[name for name in ('torch', 'tinker', 'transformers') if name in sys.modules]"
    code = f"import sys, pipelines.adapters.tinker; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_sft_then_dpo_then_sampling_learn_an_easy_task(server: LocalTinker, tmp_path: Path) -> None:
    assert accuracy(server, None) < 0.2
    seen: list[tuple[int, int]] = []
    file = sft_file(tmp_path / "sft.jsonl")
    report = trainer(server).sft(
        file,
        tmp_path / "sft",
        epochs=4,
        batch_size=16,
        learning_rate=5e-3,
        max_length=64,
        seed=0,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert (report.steps, report.examples_seen, len(report.losses)) == (48, 768, 48)
    assert report.losses[-1] < 0.2 < 1.0 < report.losses[0]
    assert seen[-1] == (48, 48)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    trained = accuracy(server, report.checkpoint.sampler_path)
    assert trained >= 0.95
    tuned = trainer(server).dpo(
        dpo_file(tmp_path / "dpo.jsonl"),
        tmp_path / "dpo",
        start=report.checkpoint,
        epochs=2,
        batch_size=8,
        learning_rate=LOCAL_DEFAULTS.dpo_learning_rate,
        beta=LOCAL_DEFAULTS.dpo_beta,
        max_length=64,
        seed=0,
        progress=none,
    )
    assert tuned.steps == 4
    assert tuned.losses[0] == pytest.approx(0.6931, abs=1e-3)  # policy and reference are the same at the start
    assert tuned.losses[-1] < tuned.losses[0]
    assert accuracy(server, tuned.checkpoint.sampler_path) >= trained - 0.05


@pytest.mark.slow
def test_a_finished_log_folder_is_not_trained_again_and_takes_no_other_training(
    server: LocalTinker, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = sft_file(tmp_path / "sft.jsonl", 40)
    first = train(server, file, tmp_path / "log")
    assert capfd.readouterr().out == ""
    before = (tmp_path / "log" / "cookbook.log").stat().st_size
    gone = TinkerTrainer(server.base_model, base_url="http://127.0.0.1:9", renderer_name=None, lora_rank=8, local=True)
    again = gone.sft(
        file, tmp_path / "log", epochs=1, batch_size=16, learning_rate=5e-3, max_length=64, seed=0, progress=none
    )
    assert again == first
    assert first.steps == 2
    assert (tmp_path / "log" / "cookbook.log").stat().st_size == before
    with pytest.raises(DataError, match=r"another training \(differs in epochs\): use a new log folder"):
        train(server, file, tmp_path / "log", epochs=2)


@pytest.mark.slow
def test_a_checkpoint_keeps_its_tokenizer_after_the_corpus_grew_and_the_folder_moved(tmp_path: Path) -> None:
    with LocalTinker(tmp_path / "here", CORPUS, 0) as server:
        report = train(server, sft_file(tmp_path / "sft.jsonl"), tmp_path / "sft", epochs=4)
        learned = accuracy(server, report.checkpoint.sampler_path)
    (tmp_path / "here").rename(tmp_path / "there")
    with LocalTinker(tmp_path / "there", [*CORPUS, "quite other words than before " * 20], 0) as server:
        assert accuracy(server, report.checkpoint.sampler_path) == learned >= 0.9
        tuned = trainer(server).dpo(
            dpo_file(tmp_path / "dpo.jsonl"),
            tmp_path / "dpo",
            start=report.checkpoint,
            epochs=1,
            batch_size=8,
            learning_rate=1e-5,
            beta=0.1,
            max_length=64,
            seed=0,
            progress=none,
        )
        assert accuracy(server, tuned.checkpoint.sampler_path) >= learned - 0.05


@pytest.mark.slow
def test_a_killed_training_resumes_on_a_restarted_server(tmp_path: Path) -> None:
    file, root, log_dir = sft_file(tmp_path / "sft.jsonl"), tmp_path / "server", tmp_path / "log"
    with LocalTinker(root, CORPUS, 0) as server:

        def kill_server_once_a_checkpoint_stands() -> None:
            while not (log_dir / "checkpoints.jsonl").exists():
                time.sleep(0.02)
            assert server.pid is not None
            os.kill(server.pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_server_once_a_checkpoint_stands)
        killer.start()
        with pytest.raises(TrainerError, match=r"rerun|resume"):
            train(server, file, log_dir, epochs=4)
        killer.join()
    with LocalTinker(root, CORPUS, 0) as server:
        report = train(server, file, log_dir, epochs=4)
        assert report.steps == 48
        assert "Resumed training from" in (log_dir / "logs.log").read_text()
        assert accuracy(server, report.checkpoint.sampler_path) >= 0.9


def test_a_file_that_would_train_nothing_is_refused_before_training(server: LocalTinker, tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text('{"messages": [{"role": "user", "content": "x"}]}\n')
    with pytest.raises(DataError, match=r"without an assistant turn.*line 1"):
        train(server, file, tmp_path / "log")
    with pytest.raises(DataError, match="no such training file"):
        train(server, tmp_path / "none.jsonl", tmp_path / "log2")


def test_a_wrong_port_says_what_to_do(server: LocalTinker, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    wrong = TinkerTrainer(server.base_model, base_url=url, renderer_name=None, lora_rank=8, local=True)
    with pytest.raises(TrainerError, match=r"no Tinker server answers at .*TINKER_BASE_URL"):
        wrong.sft(
            sft_file(tmp_path / "sft.jsonl", 20),
            tmp_path / "log",
            epochs=1,
            batch_size=4,
            learning_rate=None,
            max_length=64,
            seed=0,
            progress=none,
        )
    with pytest.raises(TrainerError, match="no Tinker server answers"):
        TinkerSampler(server.base_model, base_url=url, local=True).sample(
            [[{"role": "user", "content": "x"}]], model_path=None, max_tokens=2, progress=none
        )


def test_an_answer_has_room_for_the_longest_label_and_one_that_reaches_the_limit_is_cut(server: LocalTinker) -> None:
    sampler = TinkerSampler(server.base_model, base_url=server.base_url, local=True)
    asked = [[{"role": "user", "content": text}] for text, _ in texts(20, 3)]
    short = sampler.sample(asked, model_path=None, max_tokens=1, progress=none)
    assert {answer.tokens_out for answer in short} == {1}
    assert any(answer.cut for answer in short)
    label = "a label of many words " * 4
    roomy = sampler.sample(asked, model_path=None, max_tokens=1, room_for=("x", label), progress=none)
    longest = max(answer.tokens_out for answer in roomy)
    assert longest > 20  # the model has not learnt to stop
    assert all(answer.tokens_out == longest for answer in roomy if answer.cut)


def test_sampling_a_checkpoint_that_is_not_there_names_it(server: LocalTinker) -> None:
    sampler = TinkerSampler(server.base_model, base_url=server.base_url, local=True)
    with pytest.raises(TrainerError, match="no checkpoint tinker://none/sampler_weights/final"):
        sampler.sample(
            [[{"role": "user", "content": "x"}]],
            model_path="tinker://none/sampler_weights/final",
            max_tokens=2,
            progress=none,
        )


def test_a_server_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where a folder should be")
    with (
        pytest.raises(TrainerError, match=r"ended with code 1 at its start(?s:.*)FileExistsError"),
        LocalTinker(tmp_path, CORPUS, 0),
    ):
        pass


@pytest.mark.slow
def test_checkpoints_survive_a_kill_of_the_server(tmp_path: Path) -> None:
    import tinker

    data = [datum([5, 6, 7, 8, 9]), datum([9, 8, 7])]
    with LocalTinker(tmp_path, CORPUS, 0) as server:
        with client(server) as service:
            model = service.create_lora_training_client(base_model=server.base_model, rank=8).result()
            steps(model, data, 5)
            saved = model.save_state("five").result().path
            loss = model.forward(data, "cross_entropy").result().metrics["loss:sum"]
        assert server.pid is not None
        os.kill(server.pid, signal.SIGKILL)
    with LocalTinker(tmp_path, CORPUS, 0) as server, client(server) as service:
        model = service.create_training_client_from_state_with_optimizer(saved).result()
        assert model.forward(data, "cross_entropy").result().metrics["loss:sum"] == pytest.approx(loss, rel=1e-6)
        rest = tinker.RestClient(base_url=server.base_url, api_key=server.api_key)
        assert saved in [one.tinker_path for one in rest.list_user_checkpoints().result().checkpoints]
        run = rest.get_training_run_by_tinker_path(saved).result()
        assert run.base_model == server.base_model
        assert not run.is_lora


def test_clients_that_train_at_once_do_not_touch_one_another(server: LocalTinker) -> None:
    sequences = [[5 + row, 6, 7, 8 + row, 9] for row in range(4)]

    def losses(row: int) -> list[float]:
        with client(server) as service:
            model = service.create_lora_training_client(base_model=server.base_model, rank=8).result()
            return steps(model, [datum(sequences[row])], 6)

    alone = [losses(row) for row in range(4)]
    together: dict[int, list[float]] = {}
    threads = [threading.Thread(target=lambda row=row: together.update({row: losses(row)})) for row in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[row] for row in range(4)] == alone
    assert alone[0][-1] < alone[0][0]


def test_what_the_server_does_not_have_is_refused_by_name(server: LocalTinker) -> None:
    import tinker

    with client(server) as service:
        model = service.create_lora_training_client(base_model=server.base_model, rank=8).result()
        with pytest.raises(tinker.APIStatusError, match="only 'cross_entropy'"):
            model.forward_backward([datum([1, 2, 3])], "importance_sampling").result()
        with pytest.raises(tinker.TinkerError, match="no base model 'Qwen/None'"):
            service.create_lora_training_client(base_model="Qwen/None", rank=8).result()


def test_sigterm_ends_the_server_cleanly(tmp_path: Path) -> None:
    with LocalTinker(tmp_path, CORPUS, 0) as server:
        assert server._process is not None
        server._process.terminate()
        assert server._process.wait(120) == 0


def test_the_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from pipelines.adapters.tinker import LocalTinker\n"
        "with LocalTinker(Path(sys.argv[1]), ['some words'], 0) as s: print(s.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(pid, 0)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    limit = time.monotonic() + 120
    while time.monotonic() < limit and _alive(pid):
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    """Whether the process runs; an orphan that nobody has reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_server_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    server = LocalTinker(tmp_path, CORPUS, 0)
    starter = threading.Thread(target=server.__enter__)
    starter.start()
    starter.join()
    try:
        time.sleep(1)
        assert accuracy(server, None) < 0.5
    finally:
        server.__exit__(None, None, None)
    assert server.pid is None
