"""The docs of the site: Markdown files of docs/site, rendered when first asked for."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe
from markdown_it import MarkdownIt

FOLDER = Path(settings.BASE_DIR, "docs", "site")
PAGES = {"quickstart": "Quickstart", "clients": "Clients", "billing": "Billing", "errors": "Errors"}
HERE = "https://conway.example"  # what the files call this server


@require_safe
def docs_page(request: HttpRequest, name: str = "quickstart") -> HttpResponse:
    if name not in PAGES:
        raise Http404
    here = f"{request.scheme}://{request.get_host()}"
    context = {"pages": PAGES, "name": name, "title": PAGES[name], "body": rendered(name, here)}
    return render(request, "inference/docs.html", context)


def rendered(name: str, here: str) -> SafeString:
    """Our own files are safe; the address is this request's, which ALLOWED_HOSTS has let through."""
    return mark_safe(html_of(name).replace(HERE, here))


@cache
def html_of(name: str) -> str:
    html: str = MarkdownIt("commonmark").enable("table").render(FOLDER.joinpath(f"{name}.md").read_text())
    tables = html.replace("<table>", '<div class="wide" tabindex="0" role="region" aria-label="Table"><table>')
    return tables.replace("</table>", "</table></div>").replace("<pre>", '<pre tabindex="0">')
