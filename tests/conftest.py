"""How hard hypothesis looks.

By default the same code gives the same answer twice. `HYPOTHESIS_PROFILE=long` looks further, and at random.
"""

import os

from hypothesis import settings

# No deadline: a slow disk is not a failing property.
settings.register_profile("default", deadline=None, print_blob=True, derandomize=True, database=None)
settings.register_profile("long", deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
