"""What the playground sends beside words, and writes as code: images, and tools whose calls it shows."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect

from accounts.models import User
from credits.models import CreditTransaction
from inference.models import Completion
from tests.browser.conftest import return_as
from tests.served import Served

Tab = Callable[..., Page]
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def sent_by(page: Page) -> dict[str, Any]:
    """The body of the completion that the button asks for."""
    with page.expect_request("**/v1/chat/completions") as asked:
        page.get_by_role("button", name="Send").click()
    return json.loads(asked.value.post_data or "")


def test_an_image_and_a_tool_go_along_and_the_call_is_shown(site: Served, tab: Tab, alice: User) -> None:
    page = tab(site)
    return_as(page, alice)
    page.goto("/playground")
    page.get_by_label("Model", exact=True).select_option("claude-haiku-4.5")
    page.locator("summary", has_text="Tools").click()
    page.get_by_label("Tools, as JSON").fill(json.dumps([WEATHER]))
    page.locator("summary", has_text="Images").click()
    page.locator("#images").set_input_files({"name": "sky.png", "mimeType": "image/png", "buffer": PICTURE})
    page.get_by_label("Your message").fill('call weather with {"city": "Oslo"}')
    for label in ("Python", "TypeScript"):
        page.locator("summary", has_text=label).click()
    for name in ("curl", "python", "typescript"):
        expect(page.locator(f"#as-{name}")).to_contain_text("weather")
        expect(page.locator(f"#as-{name}")).to_contain_text("sky.png")
    body = sent_by(page)
    assert body["tools"] == [WEATHER]
    (words, image) = body["messages"][-1]["content"]
    assert words["type"] == "text" and image["image_url"]["url"].startswith("data:image/png;base64,")
    expect(page.locator(".calls")).to_have_text(re.compile(r"^weather\(\{ ?.city.: ?.Oslo.\}\)$"))
    expect(page.locator(".outcome")).to_contain_text("charged $0.01")
    assert Completion.objects.get().model_id == "claude-haiku-4.5"
    assert CreditTransaction.objects.get(type="inference").amount_cents == -1


def test_tools_that_are_no_json_are_not_sent(site: Served, tab: Tab, alice: User) -> None:
    page = tab(site)
    return_as(page, alice)
    page.goto("/playground")
    page.locator("summary", has_text="Tools").click()
    page.get_by_label("Tools, as JSON").fill('{"type": "function"}')
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#tools-wrong")).to_contain_text("This is no list")
    assert not Completion.objects.exists()
