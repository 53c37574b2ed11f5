"""The app's frame: navigation over the pages. Each page guards itself; nothing here is a barrier."""

import streamlit as st

st.set_page_config(page_title="Curator", page_icon="🧭", layout="wide")

st.navigation(
    {
        "Data": [
            st.Page("pages/data/start.py", title="Start", icon=":material/flag:", default=True),
            st.Page("pages/data/overview.py", title="Overview", icon=":material/dashboard:"),
            st.Page("pages/data/clusters.py", title="Clusters", icon=":material/bubble_chart:"),
            st.Page("pages/data/findings.py", title="Findings", icon=":material/search_insights:"),
        ],
        "Review": [
            st.Page("pages/review/queue.py", title="Review", icon=":material/rate_review:"),
            st.Page("pages/review/spot_check.py", title="Spot-check", icon=":material/verified:"),
        ],
        "Training": [
            st.Page("pages/training/versions.py", title="Versions", icon=":material/inventory_2:"),
            st.Page("pages/training/runs.py", title="Runs", icon=":material/model_training:"),
            st.Page("pages/training/evaluation.py", title="Evaluation", icon=":material/balance:"),
        ],
    }
).run()
