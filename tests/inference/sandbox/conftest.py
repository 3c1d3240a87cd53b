from collections.abc import Iterator

import pytest

from tests.inference.sandbox.upstream import Upstream


@pytest.fixture(scope="session")
def served() -> Iterator[Upstream]:
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture
def upstream(served: Upstream) -> Upstream:
    """One process for all tests; each finds it without orders, memory or rows."""
    served.control(reset=True)
    served.http.delete("/meter")
    return served
