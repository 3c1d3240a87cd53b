"""Where a stranger may have us connect: images that we fetch (tests/inference/upstream/test_image_fetch.py), webhooks
(tests/credits/test_notices.py).
"""

import pytest

from conway.common.public_addresses import is_public
from tests.private_addresses import OURS


@pytest.mark.parametrize("address", [*OURS, "no address"])
def test_what_is_not_the_internet_at_large_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_what_is_public_is(address: str) -> None:
    assert is_public(address)
