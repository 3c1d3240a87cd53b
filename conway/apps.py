from django.apps import AppConfig


class ConwayConfig(AppConfig):
    name = "conway"

    def ready(self) -> None:
        from conway import checks
