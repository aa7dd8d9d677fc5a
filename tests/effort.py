"""How much a costly property costs: little in every run, as much as the profile says in a long one (see `conftest`)."""

import os
from typing import Final

from hypothesis import settings

__all__ = ["IS_LONG", "short"]

IS_LONG: Final = os.environ.get("HYPOTHESIS_PROFILE", "default") != "default"


def short(examples: int, steps: int = 50) -> settings:
    """Settings for a property of which an ordinary run tries so many examples, of so many steps each."""
    return settings() if IS_LONG else settings(max_examples=examples, stateful_step_count=steps)
