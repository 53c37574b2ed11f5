from pathlib import Path

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
