import os

import django
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path, re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conway.settings")
django.setup()

from conway.lean import LeanHandler  # noqa: E402

application = ProtocolTypeRouter(
    {
        "http": URLRouter(
            [
                path("v1/chat/completions", LeanHandler()),
                re_path("", get_asgi_application()),
            ]
        ),
    }
)
