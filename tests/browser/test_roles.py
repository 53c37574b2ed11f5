"""Who may do what, in chromium against a real sign-in: strangers, a reviewer, and somebody whose role is taken away."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pages.frame.asgi import HEADERS
from pages.frame.guard import roles_of
from pages.frame.sections import SECTIONS
from pipelines.analysis import check
from pipelines.review import plan as planning
from pipelines.review.plan import PlanConfig
from pipelines.runtime import jobs
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.access import audit, users
from storage.release import versions
from storage.review import reviews
from tests.browser import oidc
from tests.browser.conftest import Watched
from tests.places import ROOT, page_files
from tests.sample_project import make_project

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGES = [f"{p.parent.name}/{p.name}" for p in page_files()]
PEOPLE = {
    "ana": {"sub": "1", "email": "Ana@example.org", "email_verified": True, "name": "Ana"},
    "eve": {"sub": "2", "email": "eve@example.org", "email_verified": True},
    "mallory": {"sub": "3", "email": "ana@example.org"},  # anybody's address, not verified
}
SECRETS = ("support", "refund", "parcel", "q17")
"""What a stranger must not read: the dataset, a label, a text, a row id."""


@pytest.fixture(scope="module")
def provider() -> Iterator[oidc.Provider]:
    with oidc.serve(PEOPLE) as made:
        yield made


def checked(folder: Path, provider: oidc.Provider) -> Settings:
    """A checked dataset with a spot-check, in a project whose app asks for a sign-in."""
    settings = make_project(folder, rows=60)
    check.run(check.CheckConfig("support"), settings.store)
    planning.run(PlanConfig("support", reviews=20), settings.store)
    provider.configure(settings.project)
    return settings


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, provider: oidc.Provider) -> Path:
    """For copies."""
    return checked(tmp_path_factory.mktemp("roles") / "project", provider).project


@pytest.fixture
def project(tmp_path: Path, template: Path) -> Settings:
    """A copy that a test may change."""
    return project_settings.load(shutil.copytree(template, tmp_path / "project"))


def sign_in(page: Page, url: str, person: str) -> None:
    """Sign in as a person would."""
    page.goto(url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name=person, exact=True).click()
    page.wait_for_url(f"{url}/**")


def address(file: str) -> str:
    """The address of a page's file."""
    name = Path(file).stem
    return "" if name == "start" else name


def standing(page: Page) -> str:
    """The text of a page that stands still."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible()
    expect(page.locator("[data-testid=stSkeleton]")).to_have_count(0)
    return page.locator("[data-testid=stMain]").inner_text()


def see_nothing(watched: Watched, url: str) -> None:
    """Open a deep link as a stranger: a button to sign in, and not a word of the page, not even on the wire."""
    received: list[bytes] = []
    watched.page.on(
        "websocket",
        lambda socket: socket.on(
            "framereceived", lambda frame: received.append(frame.encode() if isinstance(frame, str) else frame)
        ),
    )
    watched.page.goto(f"{url}?dataset=support")
    expect(watched.page.get_by_role("button", name="Sign in")).to_be_visible()
    assert standing(watched.page).split() == ["Curator", "Sign", "in", "to", "go", "on.", "Sign", "in"], url
    expect(watched.page.get_by_test_id("stSidebarNav")).to_have_count(0)
    sent = b"".join(received).replace(b"dataset=support", b"")
    assert sent
    assert [word for word in SECRETS if word.encode() in sent] == [], url
    watched.assert_clean()


def test_on_a_fresh_server_a_stranger_s_deep_link_to_each_page_shows_nothing_of_it(
    run_app: Callable, open_page: Callable, project: Settings
) -> None:
    app, watched = run_app(project.project), open_page()
    for file in PAGES:
        watched.page.goto("about:blank")  # a page that loses its server would say so
        app.stop()
        app.start()
        see_nothing(watched, f"{app.url}/{address(file)}")


def test_a_sign_in_names_the_reviewer_and_a_sign_out_ends_it(
    run_app: Callable, open_page: Callable, project: Settings
) -> None:
    users.grant(project.store, name="ana@example.org", role="reviewer", who="test", why="")
    app = run_app(project.project)
    watched = open_page()
    page = watched.page
    answers = []
    page.on(
        "response", lambda r: answers.append(r) if r.url.startswith((f"{app.url}/auth/", f"{app.url}/oauth2")) else None
    )
    sign_in(page, app.url, "ana")
    expect(page.get_by_text("Signed in: ana@example.org")).to_be_visible()
    assert len(answers) == 2
    for answer in answers:  # the policy stands on the way out and back as well
        assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]
    cookie = next(c for c in page.context.cookies() if c["name"] == "_streamlit_user")
    assert cookie["httpOnly"]

    page.goto(f"{app.url}/queue")
    expect(page.locator(".card .text")).not_to_be_empty()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.goto(f"{app.url}/queue")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    watched.assert_clean()

    copied = open_page()  # somebody kept a copy of the cookie
    copied.page.context.add_cookies([{"name": cookie["name"], "value": cookie["value"], "url": app.url}])
    copied.page.goto(f"{app.url}/queue")
    expect(copied.page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_sign_out_ends_the_other_tabs_too(run_app: Callable, open_page: Callable, project: Settings) -> None:
    users.grant(project.store, name="ana@example.org", role="reviewer", who="test", why="")
    app = run_app(project.project)
    page = open_page().page
    sign_in(page, app.url, "ana")
    expect(page.get_by_text("Signed in: ana@example.org")).to_be_visible()
    other = page.context.new_page()
    other.goto(f"{app.url}/queue")
    expect(other.locator(".card .text")).not_to_be_empty()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    other.get_by_test_id("stSidebarNav").get_by_role(
        "link", name="Check"
    ).click()  # the next click of a tab that stayed open
    expect(other.get_by_role("button", name="Sign in")).to_be_visible()


def test_an_address_that_the_provider_has_not_verified_proves_nothing(
    run_app: Callable, open_page: Callable, project: Settings, provider: oidc.Provider
) -> None:
    users.grant(project.store, name="ana@example.org", role="admin", who="test", why="")
    app = run_app(project.project)
    watched = open_page()
    sign_in(watched.page, app.url, "mallory")
    expect(watched.page.get_by_text("You have no role yet")).to_be_visible()
    command = f"curator users add '{provider.issuer}#3' --role reviewer"
    expect(watched.page.get_by_text(command)).to_be_visible()
    for word in SECRETS:
        assert word not in standing(watched.page)
    watched.assert_clean()


def test_a_reviewer_opens_the_pages_of_a_reviewer_and_starts_no_export_or_training_on_any(
    run_app: Callable, open_page: Callable, project: Settings
) -> None:
    users.grant(project.store, name="eve@example.org", role="reviewer", who="test", why="")
    app = run_app(project.project)
    watched = open_page()
    page = watched.page
    sign_in(page, app.url, "eve")
    expect(page.get_by_text("Signed in: eve@example.org")).to_be_visible()
    listed = {a.get_attribute("href").rsplit("/", 1)[1] for a in page.get_by_test_id("stSidebarNavLink").all()}
    mine = [file for file in PAGES if "reviewer" in roles_of(ROOT / "pages" / file)]
    leads = [next((tab.file for tab in s.tabs if "reviewer" in roles_of(ROOT / tab.file)), None) for s in SECTIONS]
    assert listed == {address(file.removeprefix("pages/")) for file in leads if file is not None}
    assert not {"versions", "runs", "evaluation", "users", "audit"} & listed
    expect(page.get_by_role("button", name="Run the demo in this project")).to_be_disabled()
    for file in set(PAGES) - set(mine):
        page.goto(f"{app.url}/{address(file)}")
        assert "Your role does not allow this page." in standing(page), file
        expect(page.get_by_test_id("stMain").get_by_role("button")).to_have_count(1)  # signs out
    watched.assert_clean()


def test_a_role_that_was_taken_away_is_gone_at_the_next_click(
    run_app: Callable, open_page: Callable, project: Settings
) -> None:
    store = project.store
    for role in ("reviewer", "engineer"):
        users.grant(store, name="ana@example.org", role=role, who="test", why="")
    app = run_app(project.project)
    watched = open_page()
    page = watched.page
    sign_in(page, app.url, "ana")
    expect(page.get_by_text("Signed in: ana@example.org")).to_be_visible()

    page.goto(f"{app.url}/versions")
    release = page.get_by_role("button", name="Release", exact=True)
    expect(release).to_be_enabled()
    users.revoke(store, name="ana@example.org", roles=["engineer"], who="test", why="left the team")
    release.click()
    expect(page.get_by_text("Your role does not allow this page.")).to_be_visible()
    assert versions.listing(store, "support") == []
    assert "release" not in audit.events(store)["action"].to_list()

    page.goto(f"{app.url}/queue")
    expect(page.locator(".card .text")).not_to_be_empty()
    page.locator(".card").click()
    page.keyboard.press("1")
    wait_for(page, lambda: reviews.frame(store, "support").height == 1)
    assert reviews.frame(store, "support")["reviewer"].to_list() == ["ana@example.org"]
    users.revoke(store, name="ana@example.org", roles=["reviewer"], who="test", why="")
    page.keyboard.press("1")
    expect(page.get_by_text("You have no role yet")).to_be_visible()
    assert reviews.frame(store, "support").height == 1
    assert jobs.listing(project.project) == []


def wait_for(page: Page, done: Callable[[], bool], tries: int = 300) -> None:
    """Wait, while the page goes on."""
    for _ in range(tries):
        if done():
            return
        page.wait_for_timeout(100)
    raise AssertionError(page.locator("[data-testid=stMain]").inner_text())
