from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base, features

from conway import chosen_database, embedded
from conway.postgresql.shares import Share, share


class DatabaseFeatures(features.DatabaseFeatures):
    minimum_database_version = (18,)


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures
    _pools: dict[Share, dict[str, Any]] = {"pages": {}, "api": {}}  # by alias, as Django has them

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
