"""What a project demands of a version beside the gates of the release."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GateRules:
    """What a pipeline demands beyond the release itself.

    Attributes:
        required: Gates that must have passed: one that is open or missing fails.
        no_waiver: Gates whose waiver does not count here.
        max_error: The largest upper bound on the released labels' error, 0..1; None demands none.
    """

    required: tuple[str, ...] = ()
    no_waiver: tuple[str, ...] = ()
    max_error: float | None = None
