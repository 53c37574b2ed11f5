"""Teachers are asked once for each row; what they answered is kept whatever happens then."""

from collections.abc import Sequence

import pytest

from curator.errors import RequestError, TeacherError
from curator.ports import TeacherAnswer
from curator.records import Example, Message, TextPart, make_task
from pipelines import wiring
from pipelines.adapters.openai_teacher import OpenAITeacher
from pipelines.intake import label
from pipelines.intake.label import LabelConfig
from pipelines.runtime.settings import Settings
from storage.dataset import datasets, examples, labels
from storage.engine.store import Store
from tests.pipelines.intake.fake_openai import KEY, FakeOpenAI, serve

TASK = make_task({"name": "t", "labels": ["a", "b"]})


@pytest.fixture
def ready(store: Store) -> Store:
    """Forty rows: `row 0` … `row 39`."""
    datasets.create(store, "d", TASK)
    rows = [
        Example(f"e{n}", "d", str(n), f"h{n}", (Message("user", (TextPart(f"row {n}"),)),), f"row {n}")
        for n in range(40)
    ]
    examples.add(store, rows)
    return store


def teacher(fake: FakeOpenAI, key: str | None = KEY) -> OpenAITeacher:
    return OpenAITeacher("tiny", base_url=fake.url, api_key=key)


def test_every_row_is_labelled_once_with_what_it_cost_in_tokens(ready: Store) -> None:
    with serve(lambda text, before: (200, "Final Answer: a")) as fake:
        first = label.run(LabelConfig("d"), ready, teacher(fake))
        again = label.run(LabelConfig("d"), ready, teacher(fake))
    assert (first.labeled, first.already, first.failed) == (40, 0, 0)
    assert (again.labeled, again.already) == (0, 40)
    assert set(fake.asked.values()) == {1}
    row = labels.frame(ready, "d").row(0, named=True)
    assert (row["labeler"], row["kind"], row["value"], row["task_hash"]) == ("tiny", "teacher", "a", TASK.content_hash)
    assert (row["tokens_in"], row["tokens_out"]) == (11, 3)
    assert row["latency_s"] > 0
    assert ready.rows("select count(*) from request_intent") == [(40,)]


def test_answers_stand_at_their_own_rows(ready: Store) -> None:
    with serve(lambda text, before: (200, "a" if int(text.split()[1]) % 2 else "b")) as fake:
        label.run(LabelConfig("d"), ready, teacher(fake))
    given = dict(labels.frame(ready, "d").select("example_id", "value").iter_rows())
    assert given == {f"e{n}": "a" if n % 2 else "b" for n in range(40)}


def test_a_server_error_is_asked_again(ready: Store) -> None:
    with serve(lambda text, before: (500, "busy") if text == "row 7" and before == 0 else (200, "a")) as fake:
        report = label.run(LabelConfig("d"), ready, teacher(fake))
    assert (report.labeled, fake.asked["row 7"]) == (40, 2)


def test_an_answer_without_a_label_is_counted_and_asked_for_again_next_time(ready: Store) -> None:
    def reply(text: str, before: int) -> tuple[int, str]:
        return 200, "I cannot say." if text == "row 3" and before == 0 else "b"

    with serve(reply) as fake:
        report = label.run(LabelConfig("d"), ready, teacher(fake))
        assert (report.labeled, report.failed) == (39, 1)
        (reason,) = report.by_reason
        assert "unknown label" in reason
        assert label.run(LabelConfig("d"), ready, teacher(fake)).labeled == 1
    assert (fake.asked.total(), fake.asked["row 3"]) == (41, 2)


def test_a_failure_keeps_what_was_answered_and_a_rerun_asks_only_for_the_rest(ready: Store) -> None:
    broken = True

    def reply(text: str, before: int) -> tuple[int, str]:
        return (400, "no such thing") if broken and text == "row 20" else (200, "a")

    with serve(reply) as fake:
        with pytest.raises(TeacherError, match=r"'tiny'.*no such thing.*a rerun asks only for what is missing"):
            label.run(LabelConfig("d"), ready, teacher(fake))
        kept = set(labels.frame(ready, "d")["example_id"])
        answered = {f"e{text.split()[1]}" for text in fake.asked} - {"e20"}
        assert kept == answered, "no paid answer is lost"
        assert 12 <= len(kept) < 32, "and no further batch was asked for"
        broken = False
        report = label.run(LabelConfig("d"), ready, teacher(fake))
    assert (report.labeled, report.already) == (40 - len(kept), len(kept))
    assert {text for text, n in fake.asked.items() if n > 1} == {"row 20"}


def test_a_wrong_key_is_a_failure_of_the_outside_with_what_to_check(ready: Store) -> None:
    with serve(lambda text, before: (200, "a")) as fake, pytest.raises(TeacherError, match="check the key") as caught:
        label.run(LabelConfig("d"), ready, teacher(fake, "sk-wrong"))
    assert caught.value.exit_code == 4
    assert labels.frame(ready, "d").is_empty()


def test_the_key_and_the_address_come_from_the_environment(ready: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(ready.folder, ready.path, teacher="tiny")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(RequestError, match="OPENAI_API_KEY"):
        wiring.teacher(settings, TASK)
    with serve(lambda text, before: (200, "a")) as fake:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_BASE_URL", fake.url)
        assert label.run(LabelConfig("d", limit=3), ready, wiring.teacher(settings, TASK)).labeled == 3
    assert fake.asked.total() == 3
    with pytest.raises(RequestError, match="only names languages"):
        wiring.teacher(Settings(ready.folder, ready.path), TASK)


def test_several_draws_are_kept_side_by_side_and_only_the_first_is_the_label(ready: Store) -> None:
    with serve(lambda text, before: (200, "a" if before == 0 else "b")) as fake:
        report = label.run(LabelConfig("d", samples=2, limit=50), ready, teacher(fake))
        assert report.labeled == 50
        assert label.run(LabelConfig("d", samples=2), ready, teacher(fake)).labeled == 30
    drawn = labels.frame(ready, "d")
    assert dict(drawn.group_by("sample").len().iter_rows()) == {0: 40, 1: 40}
    assert set(drawn.filter(drawn["sample"] == 0)["value"]) == {"a"}
    assert {body["temperature"] for body in fake.bodies} == {0.0, 0.7}


def test_a_changed_rubric_asks_again(ready: Store) -> None:
    with serve(lambda text, before: (200, "a")) as fake:
        label.run(LabelConfig("d"), ready, teacher(fake))
        datasets.create(ready, "d", make_task({"name": "t", "labels": ["a", "b"], "rubric": "new"}))
        assert label.run(LabelConfig("d"), ready, teacher(fake)).labeled == 40


def test_a_budget_that_cannot_be_kept_is_refused_and_nothing_answered_is_lost(ready: Store) -> None:
    with serve(lambda text, before: (200, "a")) as fake, pytest.raises(RequestError, match="use --limit N instead"):
        label.run(LabelConfig("d", budget_usd=1.0), ready, teacher(fake))
    assert labels.frame(ready, "d").height == fake.asked.total() == label.PAID_BATCH


class Priced:
    """A teacher of whose prices we know."""

    name = "priced"
    version = "1"
    offline = False

    def answer(self, prompts: Sequence[str], texts: Sequence[str], *, sample: int = 0) -> list[TeacherAnswer]:
        return [TeacherAnswer("a", cost_usd=0.01) for _ in texts]


def test_a_budget_stops_before_the_next_batch(ready: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label, "PAID_BATCH", 10)
    report = label.run(LabelConfig("d", budget_usd=0.15), ready, Priced())
    assert (report.labeled, report.stopped_by_budget) == (20, True)
    assert report.cost_usd == pytest.approx(0.2)
    assert label.run(LabelConfig("d"), ready, Priced()).labeled == 20
