"""The garbage collector, kept away while thousands of objects are made that all stay."""

import contextlib
import gc
from collections.abc import Generator

__all__ = ["collector_paused"]


@contextlib.contextmanager
def collector_paused() -> Generator[None]:
    """Keep the garbage collector away from the building of thousands of routes or schemas, none of which is garbage.

    It would walk all of them again and again, which takes longer than the building itself.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
