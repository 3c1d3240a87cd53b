"""Who a provider is and where it lives. Its language is its dialect's; what a model of it takes, the catalogue's.

A sixth that speaks one of these dialects is one row here, one in conway/settings.py and its models in catalog.toml.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from inference.upstream.keys import Keys, keys_of


@dataclass(frozen=True, slots=True)
class Provider:
    name: str
    title: str
    dialect: str
    key_header: str
    key_form: str = "{key}"
    relays_finish: bool = False  # its own word stands beside calls, too; elsewhere a reply with calls ends with them

    @property
    def base_url(self) -> str:
        return settings.PROVIDERS[self.name]["base_url"].rstrip("/")

    @property
    def is_configured(self) -> bool:
        return bool(settings.PROVIDERS[self.name]["api_key"])

    @property
    def is_sandbox(self) -> bool:
        return settings.PROVIDERS[self.name]["sandbox"]

    @property
    def keys(self) -> Keys:
        return keys_of(self.name, settings.PROVIDERS[self.name]["api_key"] or "")

    def headers(self, key: str, extra: Mapping[str, str]) -> dict[str, Any]:
        # identity: compressed streams arrive in lumps, a sentence at a time
        return {
            self.key_header: self.key_form.format(key=key),
            "accept-encoding": "identity",
            **extra,
        }


PROVIDERS = {
    row.name: row
    for row in (
        Provider("openai", "OpenAI", "openai_chat", "authorization", "Bearer {key}", relays_finish=True),
        Provider("anthropic", "Anthropic", "anthropic", "x-api-key"),
        Provider("gemini", "Google Gemini", "gemini", "x-goog-api-key"),
        Provider("moonshot", "Moonshot", "openai_chat", "authorization", "Bearer {key}"),
        Provider("qwen", "Qwen", "openai_chat", "authorization", "Bearer {key}"),
    )
}
