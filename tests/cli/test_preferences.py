from pathlib import Path

from storage.engine.store import Store
from storage.review import comparisons
from tests.cli.command import Curator, run, write_jsonl


def test_two_labelers_are_compared_and_a_source_without_answers_is_a_wrong_request(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    run("init", folder)
    curator = Curator(folder)
    task = tmp_path / "task.toml"
    task.write_text('name = "qa"\nkind = "text"\n')
    curator.ok("dataset", "create", "qa", "--task", task)
    for who in ("one", "two"):
        rows = [{"id": i, "text": f"question {i}", "label": f"{who} {i}" if i else "the same"} for i in range(5)]
        file = write_jsonl(tmp_path / f"{who}.jsonl", rows)
        curator.ok("ingest", file, "--dataset", "qa", "--labeler", who, "--source", "teacher")
    drawn = curator.ok("pairs", "compare", "--a", "one", "--b", "two", "--n", "3")
    assert (drawn["comparisons"], drawn["added"], drawn["equal"]) == (3, 3, 1)
    assert curator.ok("pairs", "compare", "--a", "one", "--b", "two", "--n", "3")["added"] == 0
    assert curator("pairs", "compare", "--a", "one", "--b", "three").code == 2
    assert curator("pairs", "compare", "--a", "one", "--b", "one").code == 2


def test_a_preference_against_a_label_that_nobody_approved_is_a_pair_and_goes_out(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    run("init", folder)
    curator = Curator(folder)
    task = tmp_path / "task.toml"
    task.write_text('name = "qa"\nkind = "text"\n')
    curator.ok("dataset", "create", "qa", "--task", task)
    for who in ("one", "two"):
        rows = [{"id": i, "text": f"question about topic {i}", "label": f"{who} says {i}"} for i in range(12)]
        curator.ok("ingest", write_jsonl(tmp_path / f"{who}.jsonl", rows), "--dataset", "qa", "--labeler", who)
    batch = curator.ok("pairs", "compare", "--a", "one", "--b", "two", "--overlap", "3")["batch"]
    store = Store(folder / "curator.duckdb")
    drawn = comparisons.of_batch(store, batch)
    for n, row in enumerate(drawn.iter_rows(named=True)):
        for who in ("ana", "ben", "cy"):  # two of three prefer the second source in half of the comparisons
            choice = "b" if n % 2 and who != "cy" else "a"
            comparisons.answer(store, dataset="qa", comparison=row["comparison"], reviewer=who, choice=choice,
                               left=row["left_side"], action_id=f"{n}-{who}")  # fmt: skip
    built = curator.ok("pairs", "build", "--labeler", "one")
    assert (built["pairs"], built["dropped"], built["by_majority"]) == (12, {}, 6)
    made = curator.ok("release", "qa", "--labeler", "one", "--test-share", "0", "--format", "openai")
    assert (made["pairs"]["train"], made["pairs_left_out"]) == (12, {})
