import time
from typing import Any

from django.conf import settings
from django.db import OperationalError
from django.db.backends.postgresql import base, features
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property

from conway import chosen_database, embedded
from conway.common.database import RENEWED_SECONDS, is_against_all, spoils_sessions
from conway.postgresql.shares import Share, share


class DatabaseFeatures(features.DatabaseFeatures):
    minimum_database_version = (18,)


class Errors(DatabaseErrorWrapper):
    """What PostgreSQL says against the service as a whole is an OperationalError, whatever psycopg's class for it:
    503, not 500. The pool's sessions that would say it again are renewed.
    """

    renewed = 0.0
    wrapper: "DatabaseWrapper"

    def __exit__(self, exc_type: Any, exc_value: Any, traceback: Any) -> None:
        if exc_value is None or not is_against_all(exc_value):
            return super().__exit__(exc_type, exc_value, traceback)
        self.wrapper.errors_occurred = True
        if spoils_sessions(exc_value):
            self.renew()
        raise OperationalError(*exc_value.args).with_traceback(traceback) from exc_value

    def renew(self) -> None:
        """Renews the sessions of both shares: what one was told is true of the other."""
        now = time.monotonic()
        if now - Errors.renewed < RENEWED_SECONDS:
            return
        Errors.renewed = now
        for pools in DatabaseWrapper._pools.values():
            if (pool := pools.get(self.wrapper.alias)) is not None:
                pool.drain()


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures
    _pools: dict[Share, dict[str, Any]] = {"pages": {}, "api": {}}  # by alias, as Django has them

    @cached_property
    def wrap_database_errors(self) -> DatabaseErrorWrapper:
        return Errors(self)

    def get_connection_params(self) -> dict[str, Any]:
        """What psycopg.connect() takes. The embedded server starts here: commands that never connect start nothing."""
        chosen_database.refuse_what_nobody_chose()
        if settings.EMBEDDED_POSTGRESQL:
            self.settings_dict["HOST"] = str(embedded.ensure_running(settings.EMBEDDED_POSTGRESQL))
        chosen_database.announce(self.settings_dict)
        return super().get_connection_params()

    @property
    def _connection_pools(self) -> dict[str, Any]:
        return self._pools[share.get()]

    def close_pool(self) -> None:
        for pools in self._pools.values():
            if (pool := pools.pop(self.alias, None)) is not None:
                pool.close()
