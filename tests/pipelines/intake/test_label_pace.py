"""What a labelling takes is said before, prices are known or unknown, and a busy server stops nothing."""

import pytest

from curator.ports import TokenPrice
from curator.records import Example, Message, TextPart, make_task
from pipelines.adapters import prices
from pipelines.adapters.openai_teacher import OpenAITeacher
from pipelines.intake import label
from pipelines.intake.estimate import BillEstimate
from pipelines.intake.label import LabelConfig
from storage.dataset import attempts, datasets, examples, labels
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


def teacher(fake: FakeOpenAI, price: TokenPrice | None = None) -> OpenAITeacher:
    return OpenAITeacher("tiny", base_url=fake.url, api_key=KEY, price=price, timeout_s=5)


def test_429s_and_faults_end_in_answers_and_are_told(ready: Store) -> None:
    def reply(text: str, before: int) -> tuple[int, str]:
        number = int(text.split()[1])
        if before == 0 and number % 4 == 0:
            return 429, "slow down"
        return (503, "oops") if before == 0 and number % 4 == 1 else (200, "a")

    with serve(reply) as fake:
        report = label.run(LabelConfig("d"), ready, teacher(fake))
    assert (report.labeled, report.busy, report.by_status) == (40, 10, {"answered": 40})
    assert set(fake.asked.values()) == {1, 2}


def test_a_row_that_is_always_turned_away_is_counted_as_failed(ready: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.intake.requests.backoff_s", lambda tries, wait: 0.01)
    with serve(lambda text, before: (503, "oops") if text == "row 7" else (200, "a")) as fake:
        report = label.run(LabelConfig("d"), ready, teacher(fake))
    assert (report.by_status, fake.asked["row 7"]) == ({"answered": 39, "failed": 1}, 6)
    assert "oops" in next(iter(report.by_reason))


def test_what_it_will_take_is_said_before_and_nothing_is_asked_where_the_answer_is_no(ready: Store) -> None:
    said: list[BillEstimate] = []

    def no(estimate: BillEstimate) -> bool:
        said.append(estimate)
        return False

    with serve(lambda text, before: (200, "a")) as fake:
        priced = teacher(fake, TokenPrice(1000.0, 2000.0))
        report = label.run(LabelConfig("d", agree=no), ready, priced)
        assert (report.labeled, report.declined, fake.asked.total()) == (0, True, 0)
        (found,) = said
        assert (found.requests, found.rows) == (40, 40)
        assert "4 characters a token" in found.basis
        assert found.cost_usd == pytest.approx((found.tokens_in * 1000 + found.tokens_out * 2000) / 1e6)
        label.run(LabelConfig("d", limit=25), ready, priced)
        label.run(LabelConfig("d", agree=no), ready, priced)
    measured = said[1]
    assert (measured.requests, measured.tokens_out) == (15, 45)
    assert "measured on 25 answers" in measured.basis
    assert measured.tokens_in == pytest.approx(11 * 15, rel=0.05)
    assert measured.seconds is not None


def test_without_a_price_the_cost_is_unknown_and_not_nothing(ready: Store) -> None:
    said: list[BillEstimate] = []
    with serve(lambda text, before: (200, "a")) as fake:
        report = label.run(LabelConfig("d", agree=lambda e: said.append(e) is None), ready, teacher(fake))
    assert (said[0].cost_usd, report.cost_usd) == (None, None)
    assert "cost unknown" in said[0].sentence()
    assert set(attempts.frame(ready, "d")["cost_usd"]) == {None}
    assert labels.frame(ready, "d")["cost_usd"].null_count() == 40


def test_each_request_keeps_what_it_took(ready: Store) -> None:
    with serve(lambda text, before: (200, "a")) as fake:
        label.run(LabelConfig("d"), ready, teacher(fake, TokenPrice(1000.0, 2000.0)))
    kept = attempts.frame(ready, "d")
    assert {round(cost, 6) for cost in kept["cost_usd"]} == {0.017}
    assert kept["latency_s"].min() > 0  # type: ignore[operator]


def test_a_listed_model_has_a_dated_price_and_a_server_of_ones_own_has_none() -> None:
    known = prices.listed("gpt-4o-mini", provider="openai")
    assert known is not None
    assert (known.tokens_in, known.tokens_out) == (pytest.approx(0.15), pytest.approx(0.6))
    assert "genai-prices" in known.source
    assert prices.listed("gpt-4o-mini", url="https://api.openai.com/v1") == known
    assert prices.listed("gpt-4o-mini", url="http://127.0.0.1:8000/v1") is None
    assert prices.listed("no-such-model", provider="openai") is None


def test_an_estimate_alone_writes_nothing(ready: Store) -> None:
    with serve(lambda text, before: (200, "a")) as fake:
        label.run(LabelConfig("d", limit=30), ready, teacher(fake))
        datasets.create(ready, "d", make_task({"name": "t", "labels": ["a", "b"], "rubric": "another"}))
        label.run(LabelConfig("d", limit=5), ready, teacher(fake))
        datasets.create(ready, "d", TASK)
        seq = ready.seq()
        report = label.run(LabelConfig("d", estimate_only=True), ready, teacher(fake))
    assert ready.seq() == seq
    assert (report.declined, report.labeled, report.kept, fake.asked.total()) == (True, 0, 5, 35)
    assert report.estimate is not None
    assert report.estimate.requests == 10
