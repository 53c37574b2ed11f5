"""What one visitor of the review bench brings back."""

from dataclasses import dataclass, field


@dataclass
class Visit:
    """What one reviewer saw and did. Times are seconds since the visits began; `saves` are seconds each."""

    reviewer: str
    saves: list[float] = field(default_factory=list)
    handed: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    first_card_s: float | None = None
    ran_dry: int = 0
