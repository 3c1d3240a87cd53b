"""The same assertion about hundreds of recorded cases, as one test that names every case it does not hold of.

A test costs some 5 ms before it asserts anything, ten times as much as many of these assertions.
"""

import inspect
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import pytest

SHOWN = 20

Test = Callable[..., None]


def of_each(argument: str, cases: Iterable[Any], ids: Callable[[Any], str] = str) -> Callable[[Test], Test]:
    """Stands where `pytest.mark.parametrize` would, nearest to the function."""
    cases = list(cases)

    def once(check: Test) -> Test:
        @wraps(check)
        def test(**given: Any) -> None:
            wrong = {ids(case): error for case in cases if (error := failure(check, **{argument: case}, **given))}
            if wrong:
                raise AssertionError(told(wrong, len(cases))) from next(iter(wrong.values()))

        test.__signature__ = without(argument, check)  # type: ignore[attr-defined]  # what pytest asks for fixtures
        return test

    return once


def failure(check: Test, **given: Any) -> BaseException | None:
    try:
        check(**given)
    except pytest.xfail.Exception:
        return None
    except (Exception, pytest.fail.Exception) as error:
        return error
    return None


def told(wrong: dict[str, BaseException], many: int) -> str:
    lines = [f"{name}: {str(error).partition(chr(10))[0]}" for name, error in list(wrong.items())[:SHOWN]]
    return "\n".join([f"{len(wrong)} of {many} cases; the first one's traceback is above", *lines])


def without(argument: str, check: Test) -> inspect.Signature:
    signature = inspect.signature(check)
    return signature.replace(parameters=[one for name, one in signature.parameters.items() if name != argument])
