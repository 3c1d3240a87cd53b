from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator


def plain_or_none(number: Decimal | str | None) -> str | None:
    return None if number is None else plain(number)


def plain(number: Decimal | str) -> str:
    """Neither exponents nor trailing zeros."""
    return format(Decimal(number).normalize(), "f")


Exact = Annotated[str, BeforeValidator(plain)]  # a decimal, as a string
ExactOrNone = Annotated[str | None, BeforeValidator(plain_or_none)]
