from tests.sdk.conftest import gateway as gateway
from tests.sdk.conftest import nothing_is_held_and_nothing_is_unforeseen as nothing_is_held_and_nothing_is_unforeseen
from tests.sdk.conftest import sandbox as sandbox
