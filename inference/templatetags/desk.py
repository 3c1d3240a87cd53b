from django import template

from inference.reporting.dashboard import Dashboard

register = template.Library()


@register.simple_tag
def watch() -> Dashboard:
    """What the staff admin's front page tells. Only what is shown is asked for."""
    return Dashboard()
