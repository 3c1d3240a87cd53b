"""What was tried on the gateway, one file for each kind: the attack in a test's name, what holds in its assertions."""

from tests.inference.conftest import ask as ask
from tests.inference.conftest import key as key
from tests.inference.conftest import own_spool as own_spool
from tests.inference.conftest import prices as prices
from tests.inference.conftest import sandbox as sandbox
from tests.inference.conftest import sandbox_process as sandbox_process
