from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import include, path


def favicon(request: HttpRequest) -> HttpResponse:
    """Answers browsers that look for the icon where no page named it."""
    return redirect(static("icon.svg"))


urlpatterns = [
    path("favicon.ico", favicon),
    path("admin/", admin.site.urls),
    path("", include("inference.urls")),  # the first that knows an address answers it
    path("", include("credits.urls")),
    path("", include("accounts.urls")),
]

handler400 = "conway.common.error_pages.bad_request"
handler403 = "conway.common.error_pages.forbidden"
handler404 = "inference.api.lost.lost"
handler500 = "conway.common.error_pages.broken"
