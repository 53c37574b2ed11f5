"""Actions are guarded where they are performed: what a page would not offer is refused when it is asked for anyway."""

import ast
import re
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
import typer
from streamlit.testing.v1 import AppTest

from curator.errors import NotAllowedError
from curator.loop import STAGES, StepCode
from pages.components.review.component import ReviewAction
from pages.frame import guard, work
from pages.frame.guard import User
from pages.frame.heading import STAGE_PAGES, STEP_PAGES
from pages.frame.sections import SECTIONS
from pages.review.parts.native_queue import NativeQueue
from pipelines.admin import backup, users
from pipelines.admin.sign_in import SignIn
from pipelines.analysis import decide
from pipelines.cli import application
from pipelines.intake import ingest, label
from pipelines.intake.ingest import IngestConfig
from pipelines.preferences import pairs
from pipelines.release import release
from pipelines.release.release import ReleaseConfig
from pipelines.review import answers as review
from pipelines.review import plan
from pipelines.review.plan import PlanConfig
from pipelines.runtime import acting, jobs
from pipelines.runtime.settings import Settings
from pipelines.students import evaluate, train
from pipelines.students.evaluate import EvaluateConfig
from pipelines.students.train import TrainConfig
from storage.access import audit
from storage.access import users as stored
from storage.review import plans, reviews
from tests.places import ROOT, page_files
from tests.sample_project import make_finished_project

ANA = "ana@example.org"


@pytest.fixture
def sign_in(project: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`sign_in(ANA, "reviewer")`: who acts from now on, with just these roles; None for a stranger."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(guard, "provider", lambda: SignIn({"redirect_uri": "https://c.example/oauth2callback"}))
    here: list[str | None] = [None]
    monkeypatch.setattr(guard, "_name", lambda: here[0])

    def enter(name: str | None, *roles: str) -> None:
        here[0] = name
        held = stored.roles_of(project.store, name or "")
        if held:
            stored.revoke(project.store, name=name or "", roles=sorted(held), who="test", why="", force=True)
        for role in roles:
            stored.grant(project.store, name=name or "", role=role, who="test", why="")  # type: ignore[arg-type]

    yield enter
    acting.act_as(None)


def render(page: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    return app.switch_page(page).run()


def says(app: AppTest) -> str:
    kinds = (app.text, app.subheader, app.error, app.info, app.success, app.code)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


PERFORM: dict[str, Callable[[Settings], object]] = {
    "release": lambda s: release.run(ReleaseConfig("support"), s.store, s.releases),
    "rebuild": lambda s: release.rebuild("support@1", s.store, s.project / "again"),
    "pairs": lambda s: pairs.build("support", s.store),
    "backup": lambda s: backup.backup(s, s.project / "copy"),
    "train": lambda s: train.run(TrainConfig("support@1"), s.store, None, s.project),  # type: ignore[arg-type]
    "evaluate": lambda s: evaluate.run(EvaluateConfig("support@1", []), s.store, None),
    "ingest": lambda s: ingest.run(IngestConfig("support", (s.project / "support.csv",)), s.store),
    "label": lambda s: label.run(None, s.store, None),  # type: ignore[arg-type]
    "plan": lambda s: plan.run(PlanConfig("support"), s.store),
    "roles": lambda s: users.add(s.store, ANA, "admin"),
    "job: train": lambda s: jobs.start(s.project, ("train", "sft", "--version", "support@1"), "x"),
    "job: release": lambda s: jobs.start(s.project, ("release", "support"), "x"),
    "job: demo": lambda s: jobs.start(s.project, ("demo", "--no-app"), "x"),
    "job: hidden behind another": lambda s: jobs.start(s.project, ("doctor", "--then", "train", "sft"), "x"),
    "job: unknown": lambda s: jobs.start(s.project, ("restore", "/elsewhere"), "x"),
}


@pytest.mark.parametrize("what", list(PERFORM))
def test_a_reviewer_and_a_stranger_are_refused_where_the_action_is_performed(
    sign_in: Callable[..., None], project: Settings, what: str
) -> None:
    before = audit.events(project.store).height
    for name, roles in ((None, ()), (ANA, ("reviewer",))):
        sign_in(name, *roles)
        with pytest.raises(NotAllowedError, match="may not"):
            PERFORM[what](project)
    assert jobs.listing(project.project) == []
    events = audit.events(project.store)
    assert events.head(events.height - before)["action"].to_list() == ["role:grant"]


@pytest.mark.parametrize("role", ["analyst", None])
def test_reviews_and_decisions_need_a_role_that_may_give_them(
    sign_in: Callable[..., None], project: Settings, role: str | None
) -> None:
    made = plan.run(PlanConfig("support", reviews=10), project.store) if sign_in(ANA, "engineer") is None else None
    assert made is not None
    task, value = plans.tasks(project.store, made.plan).select("task", "proposed").rows()[0]
    sign_in(ANA, *([role] if role else []))
    queue = NativeQueue(project.store, "support", made.plan, ANA)
    with pytest.raises(NotAllowedError):
        queue.apply([ReviewAction("a1", task, "edit", value)])
    with pytest.raises(NotAllowedError):
        review.undo(project.store, reviewer=ANA, undoes="a0", action_id="a2")
    record = {"external_ids": ["q1"], "action": "keep", "reviewer": ANA}
    with pytest.raises(NotAllowedError):
        decide.apply([(1, record, None)], "support", project.store, source="t")
    assert reviews.frame(project.store, "support").is_empty()
    sign_in(ANA, "reviewer")
    queue.apply([ReviewAction("a1", task, "edit", value)])
    assert reviews.frame(project.store, "support").height == 1


def test_an_analyst_leaves_rows_out_and_takes_that_back_but_no_other_decision(
    sign_in: Callable[..., None], project: Settings
) -> None:
    def take(action_id: str, **record: object) -> str:
        decide.take([{"action_id": action_id, "reviewer": ANA, "reason": "t"} | record], "support", project.store)
        return decide.decision_id("support", action_id)

    rows = {"external_ids": ["q1"]}
    sign_in(ANA, "analyst")
    out = take("a1", action="exclude", **rows)
    take("a2", action="undo", decision=out)
    sign_in(ANA, "reviewer")
    kept = take("a3", action="keep", **rows)
    sign_in(ANA, "analyst")
    for record in ({"action": "keep", **rows}, {"action": "undo", "decision": kept}, {"action": "undo", **rows}):
        with pytest.raises(NotAllowedError):
            take("a4", **record)
    assert [d.action for d in reviews.taken(project.store, "support")] == ["exclude", "undo", "keep"]


def test_the_audit_log_names_whoever_is_signed_in(sign_in: Callable[..., None], project: Settings) -> None:
    sign_in(ANA, "engineer")
    made = plan.run(PlanConfig("support", reviews=10), project.store)
    newest = audit.events(project.store).row(0, named=True)
    assert (newest["actor"], newest["action"]) == (ANA, "plan")
    assert made.plan in newest["detail"]


def test_a_job_carries_the_name_of_whoever_started_it(sign_in: Callable[..., None], project: Settings) -> None:
    sign_in(ANA, "engineer")
    file = project.project / "more.csv"
    file.write_text("id,text,label\nnew1,where is my parcel,delivery\n", encoding="utf-8")
    command = ("ingest", str(file), "--dataset", "support", "--labeler", "teacher")
    ended = jobs.wait(project.project, jobs.start(project.project, command, "x"), 600)
    assert ended is not None
    assert ended.exit_code == 0, ended.log_tail
    newest = audit.events(project.store).row(0, named=True)
    assert (newest["actor"], newest["action"]) == (ANA, "ingest")


def test_a_stranger_is_asked_to_sign_in_and_sees_no_list_of_pages(sign_in: Callable[..., None]) -> None:
    sign_in(None)
    app = render("pages/data/overview.py")
    assert not app.exception
    assert [b.label for b in app.button] == ["Sign in"]
    assert says(app) == "Sign in to go on.\nCurator"


def test_somebody_without_a_role_sees_the_exact_command_that_an_admin_needs(sign_in: Callable[..., None]) -> None:
    sign_in("https://idp.example#it's me")
    app = render("pages/data/overview.py")
    assert "You have no role yet" in says(app)
    assert """curator users add 'https://idp.example#it'"'"'s me' --role reviewer""" in says(app)
    assert "support" not in says(app)


def test_a_role_of_another_project_is_none_here(
    sign_in: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(ANA, "admin")
    monkeypatch.setenv("CURATOR_PROJECT", str(tmp_path / "nothing"))
    app = render("pages/data/overview.py")
    assert "You have no role yet" in says(app)
    assert [b.label for b in app.button] == ["Sign out"]


def test_an_analyst_looks_at_versions_and_a_forged_click_releases_nothing(
    sign_in: Callable[..., None], project: Settings
) -> None:
    sign_in(ANA, "analyst")
    app = render("pages/training/versions.py")
    release_button = next(b for b in app.button if b.label == "Release")
    assert release_button.disabled
    release_button.proto.disabled = False  # as a browser would that somebody has tampered with
    release_button.click()
    app.run()
    assert not app.exception
    assert "release" not in audit.events(project.store)["action"].to_list()


def test_a_role_taken_away_between_two_clicks_counts_at_the_second(
    sign_in: Callable[..., None], project: Settings
) -> None:
    sign_in(ANA, "engineer")
    app = render("pages/review/spot_check.py")
    draw = next(b for b in app.button if b.label == "Draw the spot-check")
    assert not draw.disabled
    sign_in(ANA, "reviewer")
    draw.click()
    app.run()
    assert next(b for b in app.button if b.label == "Draw the spot-check").disabled
    assert plans.of_dataset(project.store, "support") == []


def test_an_admin_gives_and_takes_roles_with_a_reason(sign_in: Callable[..., None], project: Settings) -> None:
    sign_in(ANA, "admin")
    app = render("pages/admin/users.py")
    app.text_input(key="users:name").set_value("Bo@Example.org")
    app.text_input(key="users:why").set_value("joins the team")
    next(b for b in app.button if b.label == "Change the role").click()
    app.run()
    assert not app.exception
    assert stored.roles_of(project.store, "bo@example.org") == {"reviewer"}
    newest = stored.history(project.store).row(0, named=True)
    assert (newest["who"], newest["why"]) == (ANA, "joins the team")
    app.selectbox(key="users:what").set_value("Take away")
    app.text_input(key="users:name").set_value(ANA)
    app.selectbox(key="users:role").set_value("admin")
    next(b for b in app.button if b.label == "Change the role").click()
    app.run()
    assert "the last admin" in says(app)
    assert "admin" in stored.roles_of(project.store, ANA)


@pytest.fixture
def finished(project: Settings) -> Settings:
    """The project after a round of work, done before anybody signs in."""
    return make_finished_project(project.project)


def test_the_audit_page_shows_verifies_and_offers_the_log(finished: Settings, sign_in: Callable[..., None]) -> None:
    sign_in(ANA, "admin", "engineer")
    app = render("pages/admin/audit.py")
    assert not app.exception
    shown = app.dataframe[0].value
    assert {"plan", "review", "waive", "release", "role:grant", "ingest"} <= set(shown["what"])
    app.multiselect[1].set_value(["waive"])
    app.run()
    assert set(app.dataframe[0].value["what"]) == {"waive"}
    next(b for b in app.button if b.label == "Prepare the whole log as a file").click()
    app.run()
    assert not app.exception
    assert [b.label for b in app.get("download_button")] == ["Download (JSON Lines)"]
    next(b for b in app.button if b.label == "Verify the chain").click()
    app.run()
    assert "Intact" in says(app)


def test_in_the_local_mode_whoever_sits_here_may_do_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "is_loopback", lambda address: True)
    assert guard.provider() is None
    assert guard.allow(User("anyone", frozenset()), "administer")
    acting.require("administer")


def test_each_page_names_its_roles_as_its_first_statement() -> None:
    pages = page_files()
    assert len(pages) >= 11
    for page in pages:
        assert "admin" in guard.roles_of(page), page
    assert guard.roles_of(ROOT / "pages/admin/users.py") == {"admin"}
    assert not {"reviewer"} & guard.roles_of(ROOT / "pages/training/versions.py")


def test_the_navigation_lists_at_most_nine_sections_and_every_page_is_a_tab_of_one() -> None:
    assert len(SECTIONS) <= 9
    files = [tab.file for section in SECTIONS for tab in section.tabs]
    assert sorted(files) == sorted(p.relative_to(ROOT).as_posix() for p in page_files())
    assert len({tab.address for section in SECTIONS for tab in section.tabs}) == len(files)


def test_each_step_and_each_stage_has_a_page() -> None:
    assert set(STEP_PAGES) == set(get_args(StepCode))
    assert set(STAGE_PAGES) == set(STAGES)
    assert {*STEP_PAGES.values(), *STAGE_PAGES.values()} <= {tab.file for s in SECTIONS for tab in s.tabs}


def test_every_command_that_a_page_starts_says_what_it_needs() -> None:
    tree = ast.parse((ROOT / "pages/frame/work.py").read_text(encoding="utf-8"))
    words = {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    commands = words & set(typer.main.get_command(application()).commands)  # type: ignore[attr-defined]
    assert {"train", "embed", "check", "demo"} <= commands
    assert commands <= set(jobs.JOB_PERMISSIONS), commands - set(jobs.JOB_PERMISSIONS)
    assert work.demo_work().argv[0] == "demo"


def test_each_fragment_and_dialog_looks_again_before_it_shows_anything() -> None:
    seen = 0
    for file in (ROOT / "pages").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            wrapped = {ast.unparse(d).partition("(")[0] for d in node.decorator_list} & {"st.fragment", "st.dialog"}
            if wrapped and node.name != "_poll":  # the progress of a job, once a second: it shows no row
                first = next(n for n in node.body if not guard._is_text(n))
                # The queues share `exchange`, which looks again before anything else.
                assert re.match(r"recheck\(\)|\w+_queue\(", ast.unparse(first)), f"{file}: {node.name}"
                seen += 1
    assert seen >= 4
