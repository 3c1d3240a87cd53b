from django import template

from accounts.models import User
from inference.reporting.dashboard import Dashboard
from inference.reporting.dossier import Dossier

register = template.Library()


@register.simple_tag
def dashboard() -> Dashboard:
    """What the staff admin's front page tells. Only what is shown is queried."""
    return Dashboard()


@register.simple_tag
def dossier(user: User) -> Dossier:
    """What staff ask about one user. Only what is shown is queried."""
    return Dossier(user)
