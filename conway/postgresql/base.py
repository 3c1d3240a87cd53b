from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base, features

from conway import embedded


class DatabaseFeatures(features.DatabaseFeatures):
    minimum_database_version = (18,)


class DatabaseWrapper(base.DatabaseWrapper):
    features_class = DatabaseFeatures

    def get_connection_params(self) -> dict[str, Any]:
        """What psycopg.connect() takes. The embedded server starts here: commands that never connect start nothing."""
        if settings.EMBEDDED_POSTGRESQL:
            self.settings_dict["HOST"] = str(embedded.ensure_running(settings.EMBEDDED_POSTGRESQL))
        return super().get_connection_params()
