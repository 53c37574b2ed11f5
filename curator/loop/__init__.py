"""The way from a file to a student that ships: how far a dataset is, what is next, and what holds it up.

A pure function of facts that the gates rest on too, so that the app and the command line never name a step that a gate
would refuse, or one that is done.
"""

from curator.loop.facts import LoopFacts
from curator.loop.stages import STAGES, Loop, LoopStage, NextStep, StageName, StageState, StepCode, loop

__all__ = ["STAGES", "Loop", "LoopFacts", "LoopStage", "NextStep", "StageName", "StageState", "StepCode", "loop"]
