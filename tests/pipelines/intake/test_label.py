"""Teachers are asked once for each row; what they answered is kept whatever happens then."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest

from curator.errors import RequestError, TeacherError
from curator.ports import TeacherAnswer, TokenPrice
from curator.records import Example, ImagePart, Message, TextPart, make_task
from pipelines import wiring
from pipelines.adapters.answer_form import form_of
from pipelines.adapters.openai_teacher import OpenAITeacher
from pipelines.intake import label, requests
from pipelines.intake.label import LabelConfig
from pipelines.runtime.settings import Settings
from storage.dataset import attempts, datasets, examples, labels
from storage.engine.store import Store
from tests.pipelines.intake.fake_openai import KEY, PAGE, FakeOpenAI, serve

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


def test_an_answer_without_a_label_is_kept_counted_and_paid_again_only_when_asked(ready: Store) -> None:
    def reply(text: str, before: int) -> tuple[int, str]:
        return 200, "I cannot say." if text == "row 3" and before == 0 else "b"

    with serve(reply) as fake:
        report = label.run(LabelConfig("d"), ready, teacher(fake))
        assert (report.labeled, report.failed, report.by_status) == (39, 1, {"answered": 39, "invalid": 1})
        (reason,) = report.by_reason
        assert "unknown label" in reason
        again = label.run(LabelConfig("d"), ready, teacher(fake))
        assert (again.labeled, again.unasked, fake.asked.total()) == (0, {"invalid": 1}, 40)
        assert label.run(LabelConfig("d", retry=("invalid",)), ready, teacher(fake)).labeled == 1
    assert (fake.asked.total(), fake.asked["row 3"]) == (41, 2)
    kept = attempts.frame(ready, "d").filter(pl.col("status") == "invalid")
    assert kept["answer"].to_list() == ["I cannot say."]


def test_a_request_that_the_server_refuses_stops_no_other(ready: Store) -> None:
    def reply(text: str, before: int) -> tuple[int, str]:
        return (400, "too long") if text in ("row 0", "row 20", "row 39") else (200, "a")

    with serve(reply) as fake:
        report = label.run(LabelConfig("d"), ready, teacher(fake))
        assert (report.labeled, report.by_status) == (37, {"answered": 37, "failed": 3})
        assert all("too long" in reason for reason in report.by_reason)
        assert label.run(LabelConfig("d"), ready, teacher(fake)).unasked == {"failed": 3}
    assert fake.asked.total() == 40


def test_an_outage_ends_the_run_keeps_what_was_answered_and_marks_no_row_as_failed(ready: Store) -> None:
    down = False

    def reply(text: str, before: int) -> tuple[int, str]:
        nonlocal down
        down = down or text == "row 20"
        return (400, "no such thing") if down else (200, "a")

    with serve(reply) as fake:
        with pytest.raises(TeacherError, match=r"3 requests in a row failed.*no such thing"):
            label.run(LabelConfig("d", concurrency=2), ready, teacher(fake))
        kept = set(labels.frame(ready, "d")["example_id"])
        assert 15 <= len(kept) <= 22
        assert set(attempts.frame(ready, "d")["status"]) == {"answered"}
        fake.reply = lambda text, before: (200, "a")
        report = label.run(LabelConfig("d"), ready, teacher(fake))
    assert (report.labeled, report.already) == (40 - len(kept), len(kept))
    answered = {f"row {example[1:]}" for example in kept}
    assert all(fake.asked[text] == 1 for text in answered), "no answered request was sent again"


def test_an_answer_that_was_received_before_a_kill_is_not_paid_again(
    ready: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        pass

    def killed(*_: object, **__: object) -> int:
        raise KilledError

    with serve(lambda text, before: (200, "a")) as fake:
        with monkeypatch.context() as patch:
            patch.setattr(attempts, "add", killed)  # as if the process ended before it reached the store
            with pytest.raises(KilledError):
                label.run(LabelConfig("d"), ready, teacher(fake))
        assert labels.frame(ready, "d").is_empty()
        received = fake.asked.total()
        report = label.run(LabelConfig("d"), ready, teacher(fake))
    assert 0 < received <= 40
    assert (report.labeled, report.kept) == (40, received)
    assert set(fake.asked.values()) == {1}


def test_an_answer_that_was_received_before_a_kill_waits_for_its_rubric_to_come_back(
    ready: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        pass

    def killed(*_: object, **__: object) -> int:
        raise KilledError

    with serve(lambda text, before: (200, "a")) as fake:
        with monkeypatch.context() as patch:
            patch.setattr(attempts, "add", killed)
            with pytest.raises(KilledError):
                label.run(LabelConfig("d"), ready, teacher(fake))
        received = fake.asked.total()
        datasets.create(ready, "d", make_task({"name": "t", "labels": ["a", "b"], "rubric": "another"}))
        assert label.run(LabelConfig("d"), ready, teacher(fake)).labeled == 40
        datasets.create(ready, "d", TASK)
        back = label.run(LabelConfig("d"), ready, teacher(fake))
    assert (back.labeled, back.kept) == (40, received)
    assert fake.asked.total() == 80, "40 under each rubric, none of them twice"
    journals = list((ready.path.parent / "requests").glob("*.jsonl"))
    assert [file.read_bytes() for file in journals] == [b""]


def test_a_journal_that_was_cut_in_a_line_loses_that_line_and_not_the_next(tmp_path: Path) -> None:
    with requests.journal(tmp_path / "j.jsonl") as kept:
        kept.add("one", TeacherAnswer("1"))
    with (tmp_path / "j.jsonl").open("ab") as cut:
        cut.write(b'["two", {"text": "2')
    with requests.journal(tmp_path / "j.jsonl") as kept:
        kept.add("three", TeacherAnswer("3"))
        assert {key: answer.text for key, answer in kept.left()} == {"one": "1", "three": "3"}
        kept.clear(but={"three": TeacherAnswer("3")})
        kept.add("four", TeacherAnswer("4"))
        assert [key for key, _ in kept.left()] == ["three", "four"]


def test_two_runs_at_once_never_ask_the_same(ready: Store) -> None:
    def reply(text: str, before: int) -> tuple[int, str]:
        time.sleep(0.01)
        return 200, "a"

    with serve(reply) as fake, ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(label.run, LabelConfig("d"), ready, teacher(fake)) for _ in range(2)]
        assert sum(run.result().labeled for run in runs) == 40
    assert set(fake.asked.values()) == {1}


def test_what_the_teacher_does_not_see_asks_for_nothing_and_rows_that_ask_the_same_share_one_request(
    ready: Store,
) -> None:
    twin = Example("twin", "d", "twin", "other", (Message("user", (TextPart("row 7"),)),), "row 7")
    with serve(lambda text, before: (200, "a")) as fake:
        label.run(LabelConfig("d"), ready, teacher(fake))
        datasets.create(ready, "d", make_task({"name": "t", "labels": ["a", "b"], "max_error": 0.01}))
        examples.add(ready, [twin])
        report = label.run(LabelConfig("d"), ready, teacher(fake))
    assert (report.labeled, report.kept, fake.asked.total()) == (1, 1, 40)


@pytest.mark.parametrize(
    ("kind", "said", "finish", "status"),
    [
        ("text", "I'm sorry, but I cannot help with that request.", "stop", "refused"),
        ("sql", "I'm sorry, I cannot help with that.", "stop", "refused"),
        ("text", "The parcel was", "length", "truncated"),
        ("text", "", "stop", "empty"),
        ("text", "hm", "content_filter", "filtered"),
        ("text", "<think>the customer wants", "stop", "invalid"),
    ],
)
def test_what_is_no_answer_is_no_label_of_a_free_task(
    store: Store, kind: str, said: str, finish: str, status: str
) -> None:
    datasets.create(store, "d", make_task({"name": "t", "kind": kind}))
    examples.add(store, [Example("e", "d", "1", "h", (Message("user", (TextPart("row 1"),)),), "row 1")])
    with serve(lambda text, before: (200, said)) as fake:
        fake.finish = finish
        report = label.run(LabelConfig("d"), store, teacher(fake))
    assert (report.labeled, report.by_status) == (0, {status: 1})
    assert labels.frame(store, "d").is_empty()


def test_a_server_that_sends_a_page_in_place_of_an_answer_costs_that_row_alone(ready: Store) -> None:
    def reply(text: str, before: int) -> tuple[int, str]:
        return (200, PAGE) if text == "row 5" else (200, "a")

    with serve(reply) as fake:
        report = label.run(LabelConfig("d"), ready, teacher(fake))
    assert (report.labeled, report.by_status) == (39, {"answered": 39, "failed": 1})
    assert "no completion" in next(iter(report.by_reason))


def test_the_label_says_at_which_address_its_teacher_was_asked(ready: Store) -> None:
    with serve(lambda text, before: (200, "a")) as one, serve(lambda text, before: (200, "b")) as other:
        label.run(LabelConfig("d"), ready, teacher(one))
        report = label.run(LabelConfig("d"), ready, teacher(other))
        assert (report.labeled, other.asked.total()) == (40, 40)
    given = labels.frame(ready, "d")
    assert set(given["version"]) == {fake.url.removeprefix("http://") for fake in (one, other)}


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
    with serve(lambda text, before: (200, "a")) as fake:
        fake.by_body = lambda body: (200, "a" if body["temperature"] == 0.0 else "b")
        report = label.run(LabelConfig("d", samples=2, limit=50), ready, teacher(fake))
        assert report.labeled == 50
        assert label.run(LabelConfig("d", samples=2), ready, teacher(fake)).labeled == 30
    drawn = labels.frame(ready, "d")
    assert dict(drawn.group_by("sample").len().iter_rows()) == {0: 40, 1: 40}
    assert set(drawn.select("sample", "value").iter_rows()) == {(0, "a"), (1, "b")}


def test_a_changed_rubric_asks_again(ready: Store) -> None:
    with serve(lambda text, before: (200, "a")) as fake:
        label.run(LabelConfig("d"), ready, teacher(fake))
        datasets.create(ready, "d", make_task({"name": "t", "labels": ["a", "b"], "rubric": "new"}))
        assert label.run(LabelConfig("d"), ready, teacher(fake)).labeled == 40


def test_a_budget_without_a_price_is_refused_before_anything_is_asked(ready: Store) -> None:
    with (
        serve(lambda text, before: (200, "a")) as fake,
        pytest.raises(RequestError, match="--price-in and --price-out"),
    ):
        label.run(LabelConfig("d", budget_usd=1.0), ready, teacher(fake))
    assert fake.asked.total() == 0


def test_a_budget_stops_the_asking_and_the_bill_is_told(ready: Store) -> None:
    with serve(lambda text, before: (200, "a")) as fake:
        priced = OpenAITeacher("tiny", base_url=fake.url, api_key=KEY, price=TokenPrice(1000.0, 1000.0))
        report = label.run(LabelConfig("d", budget_usd=0.1, concurrency=2), ready, priced)
        assert report.stopped_by_budget
        assert report.cost_usd == pytest.approx(0.014 * report.labeled)
        assert report.labeled == 7, "the next request might have gone beyond the budget"
        assert label.run(LabelConfig("d"), ready, priced).labeled == 40 - report.labeled
    assert fake.asked.total() == 40


def test_a_refusal_stays_one_however_often_it_is_read(store: Store) -> None:
    datasets.create(store, "d", make_task({"name": "t", "kind": "text"}))
    examples.add(store, [Example("e", "d", "1", "h", (Message("user", (TextPart("row 1"),)),), "row 1")])
    with serve(lambda text, before: (200, "")) as fake:
        fake.refusal = "That is not for me."
        assert label.run(LabelConfig("d"), store, teacher(fake)).by_status == {"refused": 1}
        again = label.run(LabelConfig("d"), store, teacher(fake))
    assert (again.labeled, again.unasked, fake.asked.total()) == (0, {"refused": 1}, 1)
    assert labels.frame(store, "d").is_empty()


def test_the_teacher_sees_images_in_their_order_and_a_path_is_refused_by_name(store: Store) -> None:
    datasets.create(store, "d", TASK)
    picture = "data:image/png;base64,iVBORw0KGgo="
    for name, url in (("one", picture), ("two", "photos/cat.png")):
        turn = Message("user", (TextPart("What is it?"), ImagePart(url)))
        examples.add(store, [Example(name, "d", name, name, (turn,), "What is it?")])
    with serve(lambda text, before: (200, "a")) as fake:
        report = label.run(LabelConfig("d"), store, teacher(fake))
    assert report.by_status == {"answered": 1, "failed": 1}
    assert "'photos/cat.png' is neither" in next(iter(report.by_reason))
    (body,) = fake.bodies
    text, image = body["messages"][0]["content"]
    assert "user: What is it?" in text["text"]
    assert image == {"type": "image_url", "image_url": {"url": picture}}


def test_what_a_server_does_not_take_is_left_out_and_the_answer_is_checked_all_the_same(store: Store) -> None:
    schema = {
        "type": "object",
        "properties": {"total": {"type": "number"}},
        "required": ["total"],
        "additionalProperties": False,
    }
    datasets.create(store, "d", make_task({"name": "t", "kind": "extraction", "schema": schema}))
    rows = [
        Example(f"e{n}", "d", str(n), f"h{n}", (Message("user", (TextPart(f"r {n}"),)),), f"r {n}") for n in range(3)
    ]
    examples.add(store, rows)

    def by_body(body: dict[str, object]) -> tuple[int, str]:
        if "json_schema" in str(body.get("response_format")):
            return 400, "response_format json_schema is not supported"
        return 200, '{"total": 7}' if "r 1" in str(body["messages"]) else '{"sum": 7}'

    task = datasets.task_of(store, "d")
    with serve(lambda text, before: (200, "a")) as fake:
        fake.by_body = by_body
        by = OpenAITeacher("tiny", base_url=fake.url, api_key=KEY, form=form_of(task))
        report = label.run(LabelConfig("d", concurrency=1), store, by)
    assert report.by_status == {"answered": 1, "invalid": 2}
    forms = [body.get("response_format", {}).get("type") for body in fake.bodies]
    assert forms == ["json_schema", "json_object", "json_object", "json_object"]
    assert fake.bodies[0]["response_format"]["json_schema"]["strict"] is True


def test_the_models_own_probability_of_the_label_is_its_confidence(ready: Store) -> None:
    with serve(lambda text, before: (200, "Final Answer: a")) as fake:
        fake.logprobs = [("Final", 0.0), (" Answer: ", -0.5), ("a", -0.1)]
        by = OpenAITeacher("tiny", base_url=fake.url, api_key=KEY, form=form_of(TASK))
        label.run(LabelConfig("d", limit=2), ready, by)
    assert labels.frame(ready, "d")["confidence"].to_list() == [pytest.approx(0.904837)] * 2
    assert fake.bodies[0]["logprobs"] is True
