from typing import Any

from django.views.generic.edit import FormMixin


class BareLabels(FormMixin):
    """Labels stand above their fields, and need no colon."""

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "label_suffix": ""}
