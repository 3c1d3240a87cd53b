"""The admin is in our colours whichever theme its switch names, on a light system and on a dark one."""

from itertools import product
from pathlib import Path
from typing import Literal, get_args

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser

SHEETS = ("admin/css/base.css", "admin/css/dark_mode.css", "staff.css")  # in the order of the admin's pages
LINK = {"light": "rgb(67, 56, 202)", "dark": "rgb(165, 166, 255)"}
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)


def page_in(theme: str) -> str:
    styles = "".join(f"<style>{Path(str(finders.find(name))).read_text()}</style>" for name in SHEETS)
    return f'<html data-theme="{theme}">{styles}<a style="color: var(--link-fg)" href="/">a link</a></html>'


@pytest.mark.parametrize(("theme", "system"), list(product(["auto", *SCHEMES], SCHEMES)))
def test_a_link_has_the_colour_of_the_theme(browser: Browser, theme: str, system: Scheme) -> None:
    page = browser.new_page(color_scheme=system)
    page.set_content(page_in(theme))
    colour = page.locator("a").evaluate("link => getComputedStyle(link).color")
    page.close()
    assert colour == LINK[system if theme == "auto" else theme]
