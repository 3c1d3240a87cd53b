"""Exact decimals as people read them: `{{ price|dollars }}` is $1.75 or $0.0325, never rounded."""

from decimal import Decimal

from django import template

register = template.Library()


@register.filter
def dollars(amount: Decimal) -> str:
    plain = amount.normalize()
    return f"${plain:,.2f}" if plain == round(plain, 2) else f"${plain:,f}"


@register.filter
def thousands(tokens: int) -> str:
    return f"{tokens:,}"
