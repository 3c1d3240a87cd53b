from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator


def plain(number: Decimal | str) -> str:
    """Neither exponents nor trailing zeros."""
    return format(Decimal(number).normalize(), "f")


Exact = Annotated[str, BeforeValidator(plain)]  # a decimal, as a string
