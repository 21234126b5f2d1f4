"""Threads that get in each other's way on purpose: between any two steps of the code in question others come in."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any


@contextmanager
def interrupted(module: ModuleType) -> Iterator[None]:
    """This thread, and those it starts, pause after each instruction of a module's own code."""

    def pause(frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename != module.__file__:
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        if event == "opcode":
            time.sleep(0.0001)
        return pause

    before = sys.gettrace()
    threading.settrace(pause)
    sys.settrace(pause)
    try:
        yield
    finally:
        sys.settrace(before)
        threading.settrace(before)  # type: ignore[arg-type]
