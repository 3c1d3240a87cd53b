"""What operators see, on the gateway of tests/inference."""

from tests.inference.conftest import ask as ask
from tests.inference.conftest import key as key
from tests.inference.conftest import no_database as no_database
from tests.inference.conftest import own_spool as own_spool
from tests.inference.conftest import prices as prices
from tests.inference.conftest import sandbox as sandbox
from tests.inference.conftest import sandbox_process as sandbox_process
