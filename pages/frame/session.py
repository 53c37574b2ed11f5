"""What every page needs first: the project, and the dataset that the reader has chosen."""

import os
from pathlib import Path
from typing import NoReturn

import streamlit as st

from curator.errors import CuratorError, NotFoundError, OutsideError
from pages.frame.guard import User, provider, sign_out_button
from pages.frame.heading import heading
from pipelines.runtime import settings as project_settings
from pipelines.runtime.settings import Settings
from storage.dataset import datasets

_CHOSEN = "chosen_dataset"


def open_project() -> Settings:
    """The project: CURATOR_PROJECT, else the nearest curator.toml upwards. Without one, offers to make it."""
    try:
        return project_settings.load(project_settings.find_project(None))
    except NotFoundError as error:
        _offer_project(error)
    except CuratorError as error:
        show_error(error)
        st.stop()


def dataset_page(user: User, title: str, empty: str) -> tuple[Settings, str]:
    """Begin a page about one dataset: the sidebar and the title. Returns the project and the chosen dataset.

    Without a dataset the page ends here: it says what is `empty`, and leads to where data is brought in.
    """
    settings = open_project()
    dataset = sidebar(user, settings)
    st.subheader(title, anchor=False)
    if dataset is None:
        lead_on(empty, "pages/data/start.py", "Bring in data")
    return settings, dataset


def sidebar(user: User, settings: Settings) -> str | None:
    """Draw the sidebar and the top of the page: which dataset, which project, who is looking. Returns the dataset.

    The choice is kept in the address (`?dataset=`), so that a link or a reload comes back to it.
    """
    names = datasets.names(settings.store)
    with st.sidebar:
        chosen = _choose(names) if names else None
        st.text(f"Project: {settings.project.name}")
        if provider() is None:
            st.text(f"Reviewer: {user.name}")
            st.caption("Local single-user mode: no sign-in, reachable from this machine only.")
        else:
            st.text(f"Signed in: {user.name}\nRole: {', '.join(sorted(user.roles))}")
            sign_out_button()
    heading(user, settings.store, chosen)
    return chosen


def has_data() -> bool:
    """Whether there is a dataset to show; without one only what brings data in has something to say."""
    try:
        return bool(datasets.names(project_settings.load(project_settings.find_project(None)).store))
    except OutsideError:  # a store in use says nothing about datasets
        return True
    except CuratorError:
        return False


def remember_dataset(name: str) -> None:
    """Choose a dataset for the next page (one that was just made)."""
    st.session_state[_CHOSEN] = name
    st.session_state.pop("dataset", None)
    st.query_params["dataset"] = name


def show_error(error: CuratorError) -> None:
    """Show an error of ours as inert text: it can quote a row."""
    st.error("That did not work.")
    st.text(str(error))


def _offer_project(error: NotFoundError) -> NoReturn:
    folder = Path(os.environ.get("CURATOR_PROJECT") or "project").expanduser().resolve()
    st.subheader("No project yet", anchor=False)
    st.text(str(error))
    st.text(f"A project is a folder with a curator.toml and a store. This would make one in {folder}.")
    if st.button("Make the project", type="primary"):
        os.environ["CURATOR_PROJECT"] = str(folder)
        project_settings.init(folder)
        st.rerun()
    st.stop()


def _choose(names: list[str]) -> str:
    wanted = (st.session_state.get("dataset"), st.query_params.get("dataset"), st.session_state.get(_CHOSEN))
    # Set at every run: on another page the box is another one, and would start with the first name.
    st.session_state["dataset"] = next((name for name in wanted if name in names), names[0])
    chosen: str = st.selectbox("Dataset", names, key="dataset")
    st.session_state[_CHOSEN] = chosen
    st.query_params["dataset"] = chosen
    return chosen


def lead_on(text: str, page: str, label: str) -> NoReturn:
    """Say why a page is empty, and show the one button that leads on."""
    st.text(text)
    if st.button(label, type="primary"):
        st.switch_page(page)
    st.stop()
