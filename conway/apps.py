from django.apps import AppConfig


class ConwayConfig(AppConfig):
    name = "conway"
