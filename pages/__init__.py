"""Streamlit pages live one folder down: files here would bypass the entry point."""
