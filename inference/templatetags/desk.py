from django import template

from inference.reporting.dashboard import Watch

register = template.Library()


@register.simple_tag
def watch() -> Watch:
    """What the desk's front page tells. Only what is shown is asked for."""
    return Watch()
