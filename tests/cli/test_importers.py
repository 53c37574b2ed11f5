"""Files of other tools come in by one command, are named in the report, and nothing of a wrong one is half in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.preferences.choose import prefer
from pipelines.runtime.settings import load
from storage.dataset import examples, labels
from storage.engine.store import Store
from storage.release import versions
from storage.review import comparisons
from storage.views.current import current
from tests.cli.command import Answer, Curator, write_jsonl

TEXT = 'name = "t"\nkind = "text"\n'
AB = 'name = "t"\n[labels]\na = "one"\nb = "other"\n'
ALPACA: list[dict[str, Any]] = [
    {"instruction": "Translate to French", "input": "good morning", "output": "bonjour"},
    {"instruction": "Name three primary colours", "input": "", "output": "red, blue, yellow"},
]
SHAREGPT: list[dict[str, Any]] = [
    {"conversations": [{"from": "human", "value": "hello there"}, {"from": "gpt", "value": "hi"}]}
]


@dataclass(frozen=True, slots=True)
class Door:
    """A project with one dataset `t`."""

    curator: Curator
    folder: Path

    @property
    def store(self) -> Store:
        return load(self.folder / "p").store

    def file(self, name: str, rows: list[dict[str, Any]]) -> Path:
        return write_jsonl(self.folder / name, rows)

    def take(self, *arguments: object) -> dict[str, Any]:
        report: dict[str, Any] = self.curator.ok("ingest", *arguments)
        return report

    def refused(self, *arguments: object) -> Answer:
        answer = self.curator("ingest", *arguments)
        assert answer.code == 2, answer.out + answer.err
        return answer

    def rows(self) -> list[tuple[str, str | None]]:
        """Each row's text and its newest label."""
        newest = dict(labels.frame(self.store, "t").select("example_id", "value").iter_rows())
        return [(shown, newest.get(e)) for e, shown in self.frame().select("example_id", "shown").iter_rows()]

    def frame(self) -> Any:
        return examples.frame(self.store, "t")


Opens = Callable[[str], Door]


@pytest.fixture
def door(tmp_path: Path) -> Opens:
    def made(task: str = TEXT) -> Door:
        curator = Curator(tmp_path / "p")
        curator.ok("init")
        (tmp_path / "task.toml").write_text(task, encoding="utf-8")
        curator.ok("dataset", "create", "t", "--task", tmp_path / "task.toml")
        return Door(curator, tmp_path)

    return made


def test_a_format_is_recognised_named_and_read_once(door: Opens) -> None:
    at = door(TEXT)
    file = at.file("alpaca.jsonl", ALPACA)
    report = at.take(file)
    assert report["formats"] == {"alpaca.jsonl": "Alpaca instructions"}
    assert at.rows() == [
        ("Translate to French\ngood morning", "bonjour"),
        ("Name three primary colours", "red, blue, yellow"),
    ]
    again = at.take(file)
    assert (again["added"], again["unchanged"], again["labels_added"]) == (0, 2, 0)


def test_a_dry_run_says_what_would_come_in_and_writes_nothing(door: Opens) -> None:
    at = door(TEXT)
    file = at.file("chats.jsonl", [*SHAREGPT, {"conversations": [{"from": "human", "value": ""}]}])
    dry = at.take(file, "--dry-run", "--source", "teacher", "--labeler", "gpt")
    assert at.frame().is_empty()
    assert (dry["dry_run"], dry["rejects_file"], dry["labels_by"]) == (True, None, {"gpt": 1})
    assert dry["first"]["empty_text"].startswith("chats.jsonl line 2")
    real = at.take(file, "--source", "teacher", "--labeler", "gpt")
    same = ("added", "rejected", "labels_added", "labels_by", "by_reason", "formats", "notes")
    assert {name: dry[name] for name in same} == {name: real[name] for name in same}


def test_nothing_of_a_file_of_two_formats_comes_in_and_the_line_is_named(door: Opens) -> None:
    at = door(TEXT)
    answer = at.refused(at.file("joined.jsonl", [*SHAREGPT, *ALPACA]))
    assert "is ShareGPT conversations until line 2, which is Alpaca instructions" in answer.out
    answer = at.refused(at.file("other.jsonl", [{"text": "hi", "label": "x"}, *SHAREGPT]))
    assert "is rows with columns until line 2, which is ShareGPT conversations" in answer.out
    assert at.frame().is_empty()


def test_a_format_can_be_forced_and_columns_that_are_named_go_before_it(door: Opens) -> None:
    at = door(TEXT)
    file = at.file("alpaca.jsonl", ALPACA[:1])
    report = at.take(file, "--from", "rows")
    assert (report["formats"], at.rows()) == ({"alpaca.jsonl": "rows with columns"}, [("good morning", "bonjour")])
    assert "no such format" in at.refused(file, "--from", "excel").out
    assert "looks like Alpaca instructions (line 1), not like ShareGPT" in at.refused(file, "--from", "sharegpt").out
    plain = at.file("plain.jsonl", [{"text": "hi"}])
    assert at.curator("ingest", plain, "--from", "sharegpt").json["by_reason"] == {"other_format": 1}


def test_two_files_that_call_a_row_differently_by_nobody_in_particular_are_told_apart(door: Opens) -> None:
    at = door(AB)
    ana = at.file("ana.jsonl", [{"id": 1, "text": "hi", "label": "a"}, {"id": 2, "text": "ho", "label": "a"}])
    ben = at.file("ben.jsonl", [{"id": 1, "text": "hi", "label": "b"}, {"id": 2, "text": "ho", "label": "a"}])
    report = at.take(ana, ben, "--source", "expert")
    assert report["by_reason"] == {"two_answers": 1}
    assert "read each file with the --labeler who labelled it" in report["first"]["two_answers"]
    assert at.rows() == [("hi", "a"), ("ho", "a")]
    at.take(ben, "--source", "expert", "--labeler", "ben")
    assert labels.labelers(at.store, "t") == ["ben", "expert"]


def pairs_of(at: Door) -> list[tuple[str, str, str]]:
    at.curator.ok("pairs", "build", "--dataset", "t")
    return [(pair.chosen, pair.rejected, pair.source) for pair in versions.pairs(at.store, "t")]


def test_preferences_become_comparisons_that_make_pairs_and_that_people_can_judge_anew(door: Opens) -> None:
    at = door(TEXT)
    file = at.file(
        "pairs.jsonl",
        [
            {"prompt": "say hi", "chosen": "hi", "rejected": "go away"},
            {"prompt": "say hi", "chosen": "hello", "rejected": "go away"},
            {"prompt": "say bye", "chosen": "bye", "rejected": "bye "},
        ],
    )
    report = at.take(file)
    assert (report["added"], report["comparisons"], report["labels_added"]) == (2, 2, 0)
    assert at.take(file)["comparisons"] == 0
    assert sorted(pairs_of(at)) == [("hello", "go away", "import"), ("hi", "go away", "import")]
    (batch,) = comparisons.batches(at.store, "t")["batch"].to_list()
    cards = comparisons.claim(at.store, batch, "ana", 10).rows(named=True)
    assert len(cards) == 2, "nobody here has judged them"
    card = next(card for card in cards if card["a"] == "hi")
    side = "left" if card["left_side"] == "b" else "right"
    prefer(at.store, batch, card["comparison"], "ana", side, action_id="x1")
    assert ("go away", "hi", "preference") in pairs_of(at)


def test_a_rejected_answer_of_production_never_trains_and_an_approved_one_is_a_label(door: Opens) -> None:
    at = door(TEXT)
    file = at.file(
        "log.jsonl",
        [
            {"id": "1", "question": "how are you", "answer": "fine", "thumbs": "up"},
            {"id": "2", "question": "who are you", "answer": "nobody", "thumbs": "down"},
            {"id": "3", "question": "where are you", "answer": "here", "thumbs": None},
        ],
    )
    report = at.take(file, "--source", "production")
    assert (report["labels_by"], report["opinions"]) == ({"production": 2}, {"rejected": 1})
    assert dict(at.rows()) == {"how are you": "fine", "who are you": None, "where are you": "here"}
    assert at.take(file, "--source", "production")["opinions"] == {}
    out = current(at.store, "t").select("text", "out").rows()
    assert dict(out)["who are you"] is not None, "it is in no release"


def test_a_good_and_a_bad_answer_to_one_prompt_make_a_pair(door: Opens) -> None:
    at = door(TEXT)
    at.take(
        at.file(
            "kto.jsonl",
            [
                {"prompt": "say hi", "completion": "hi", "label": True},
                {"prompt": "say hi", "completion": "go away", "label": False},
            ],
        )
    )
    assert current(at.store, "t").select("value", "out").rows() == [("hi", None)]
    assert pairs_of(at) == [("hi", "go away", "import")]


def test_a_persons_answer_beside_the_teachers_is_told_and_can_be_taken(door: Opens) -> None:
    at = door(AB)
    file = at.file("both.jsonl", [{"id": 1, "text": "hi", "label": "a", "human_label": "b"}])
    report = at.take(file, "--source", "teacher", "--labeler", "gpt")
    assert any("'human_label' looks like a person's answer beside 'label'" in note for note in report["notes"])
    report = at.take(file, "--source", "teacher", "--labeler", "gpt", "--map", "label:ana=human_label")
    assert report["labels_by"] == {"ana": 1}
    assert current(at.store, "t", labeler="gpt").select("value", "teacher_value", "basis").rows() == [
        ("b", "a", "review")
    ]


def test_columns_may_be_keys_of_objects_or_several_texts(door: Opens) -> None:
    at = door(TEXT)
    nested = [{"data": {"text": "hi", "team": "x"}, "meta": {"id": 7}, "label": "ho"}]
    report = at.take(at.file("nested.jsonl", nested), "--map", "input=data.text,id=meta.id")
    assert report["mapping"]["nested.jsonl"]["input"] == "data.text"
    joined = [{"instruction": "Say it", "input": "", "more": "twice", "output": "it it"}]
    at.take(at.file("joined.jsonl", joined), "--map", "input=instruction+input+more,label=output")
    assert at.rows() == [("hi", "ho"), ("Say it\ntwice", "it it")]
    assert at.frame().select("external_id", "metadata").row(0) == ("7", '{"data":{"team":"x"}}')
    answer = at.refused(at.folder / "nested.jsonl", "--map", "input=data.txt+nothing")
    assert "no column 'data.txt+nothing'" in answer.out


def test_a_folder_comes_in_with_the_splits_that_its_files_are_called_by(door: Opens) -> None:
    at = door(TEXT)
    (at.folder / "data").mkdir()
    at.file("data/train.jsonl", [{"text": "one", "label": "x"}])
    at.file("data/validation.jsonl", [{"conversations": SHAREGPT[0]["conversations"]}])
    (at.folder / "data" / "README.md").write_text("words")
    report = at.take(at.folder / "data")
    assert "not read, as they hold no rows: README.md" in report["notes"]
    assert report["formats"] == {"train.jsonl": "rows with columns", "validation.jsonl": "ShareGPT conversations"}
    assert at.frame().select("text", "requested_split").rows() == [("one", "train"), ("hello there", "validation")]
    assert at.take(at.folder / "data" / "*.jsonl")["added"] == 0


HUGGING_FACE = Path(__file__).parents[1] / "data" / "formats" / "huggingface"
SUPPORT = 'name = "t"\n[labels]\nrefund = "money"\ndelivery = "parcels"\n'


def test_a_dataset_that_was_saved_to_disk_comes_in_with_the_names_of_its_classes(door: Opens) -> None:
    at = door(SUPPORT)
    report = at.take(HUGGING_FACE / "saved")
    assert (report["added"], report["labels_added"], report["rejected"]) == (3, 3, 0)
    assert at.rows() == [
        ("I want my money back", "refund"),
        ("where is my parcel", "delivery"),
        ("the courier lost it", "delivery"),
    ]
    assert at.frame()["requested_split"].to_list() == ["train", "train", "validation"]
    assert at.frame()["metadata"].to_list()[0] == '{"team":"south"}'
    assert at.take(HUGGING_FACE / "saved")["added"] == 0
    again = at.take(HUGGING_FACE / "classes.parquet")
    assert (again["added"], again["labels_added"]) == (0, 0)
    without = at.curator("ingest", HUGGING_FACE / "classes.jsonl").json
    assert without["by_reason"] == {"unknown_label": 2}, "its JSON holds the numbers of classes without their names"
