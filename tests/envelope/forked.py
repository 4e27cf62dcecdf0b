"""Work in a forked child."""

import json
import os
import warnings
from collections.abc import Callable
from typing import Any


def in_child(task: Callable[[], object]) -> Any:
    """What a task in a forked child answers, bytes in hexadecimal, or the class and the text of its exception."""
    source, target = os.pipe()
    with warnings.catch_warnings():
        # Newer Pythons warn where other libraries have threads; the child uses none of theirs.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.close(source)
        try:
            outcome: object = task()
        except BaseException as error:
            outcome = [type(error).__name__, str(error)]
        with os.fdopen(target, "w") as pipe:
            json.dump(outcome, pipe, default=bytes.hex)
        os._exit(0)
    os.close(target)
    with os.fdopen(source) as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return json.loads(text)
