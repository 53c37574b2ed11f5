"""`python -m pipelines.cli`."""

from pipelines.cli import script

if __name__ == "__main__":
    script()
