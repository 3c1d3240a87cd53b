from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path
from django.urls.resolvers import URLPattern, URLResolver

APPS = ("inference", "credits", "accounts")  # the first that knows an address answers it

urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    *(path("", include(f"{app}.urls")) for app in APPS if find_spec(f"{app}.urls")),
]

handler400 = "accounts.error_pages.bad_request"
handler403 = "accounts.error_pages.forbidden"
handler404 = "accounts.error_pages.not_found"
handler500 = "accounts.error_pages.broken"
