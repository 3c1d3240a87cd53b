"""How a transaction reads in a table."""

from django import template

from credits.models import CreditTransaction
from credits.pages.filters import TYPE_TITLES

register = template.Library()

Type = CreditTransaction.Type
TONES = {Type.TOP_UP: "good", Type.REFUND: "good", Type.WRITE_OFF: "warn", Type.ADJUSTMENT: "warn"}


@register.filter
def title(entry: CreditTransaction) -> str:
    corrected = " (corrected)" if entry.reference.endswith(".corrected") else ""
    return TYPE_TITLES[Type(entry.type)] + corrected


@register.filter
def tone(entry: CreditTransaction) -> str:
    return TONES.get(Type(entry.type), "")


@register.filter
def receipt(entry: CreditTransaction) -> str:
    """The completion it is about: a refund leads to the receipt of its charge."""
    return str(entry.details.get("receipt", ""))
