"""How hard hypothesis looks, and what programs that tests run find: a place for bytecode, and interrupts that count.

By default the same code gives the same answer twice. `HYPOTHESIS_PROFILE=long` looks further, and at random.
"""

import os
import signal
import sys

import pytest
from hypothesis import settings

# No deadline: a slow disk is not a failing property.
settings.register_profile("default", deadline=None, print_blob=True, derandomize=True, database=None)
settings.register_profile("long", deadline=None, print_blob=True, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure(config: pytest.Config) -> None:
    """Where no bytecode is kept beside the sources, keep it here: a hundred programs would each compile everything.

    A shell has what runs in its background ignore interrupts, and programs would inherit that.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    is_needed = sys.dont_write_bytecode and "PYTHONPYCACHEPREFIX" not in os.environ
    if is_needed and config.pluginmanager.hasplugin("cacheprovider"):
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(config.cache.mkdir("bytecode"))
