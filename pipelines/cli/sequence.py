"""Several commands, one after the other, as one job: `python -m pipelines.cli.sequence embed … --then cluster …`."""

import sys
from collections.abc import Sequence

from pipelines.cli import main
from pipelines.cli.output import more_to_come
from pipelines.runtime.jobs import THEN


def run(arguments: Sequence[str]) -> int:
    """Run the commands until one fails; returns the exit code of the last that ran.

    Args:
        arguments: The commands, parted by `--then`.
    """
    parts: list[list[str]] = [[]]
    for word in arguments:
        if word == THEN:
            parts.append([])
        else:
            parts[-1].append(word)
    code = 0
    for number, part in enumerate(parts, start=1):
        more_to_come(number < len(parts))
        code = main(part)
        if code not in (0, 1, 3):  # 1: the answer is no; 3: not enough data for an answer
            break
    return code


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
