"""The catalogue of most tests: whichever day they run on, each model answers under its own name."""

from inference import catalog
from inference.models import ChatModel


def load() -> None:
    """As the file has it, but that no successor answers yet: tests/inference/catalog asks what happens when."""
    catalog.load()
    ChatModel.objects.update(successor_from=None)
    catalog.forget()
