"""The machine that this process runs on: what sets this start of it apart from the one before."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

__all__ = ["boot_id"]

_LINUX_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str | None:
    """What is different after every start of the machine, or None where the system doesn't tell."""
    try:
        return _LINUX_BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return _sysctl_boot_id() if sys.platform == "darwin" else None


def _sysctl_boot_id() -> str | None:
    import ctypes  # noqa: PLC0415 - one system's need

    size = ctypes.c_size_t(64)
    value = ctypes.create_string_buffer(size.value)
    if ctypes.CDLL(None).sysctlbyname(b"kern.bootsessionuuid", value, ctypes.byref(size), None, 0):
        return None
    return value.value.decode("ascii")
