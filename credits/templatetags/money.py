"""Cents as people read them: `{{ cents|usd }}` is $12.34 or −$0.05, `{{ cents|signed_usd }}` also +$5.00."""

from django import template

from conway.common.dollars import typed

register = template.Library()


@register.filter
def usd(cents: int) -> str:
    whole, rest = divmod(abs(cents), 100)
    return f"{'−' if cents < 0 else ''}${whole:,}.{rest:02}"


@register.filter
def signed_usd(cents: int) -> str:
    return f"+{usd(cents)}" if cents > 0 else usd(cents)


@register.filter
def minus(cents: int) -> int:
    return -cents


@register.filter
def dollars_typed(cents: int) -> str:
    """Dollars as a form takes them."""
    return typed(cents)
