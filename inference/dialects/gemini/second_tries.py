"""What Gemini refused and takes once it is changed: asked again once, and the caller is told what was changed."""

from inference.chat.provider_error import ProviderError
from inference.chat.provider_request import ProviderRequest
from inference.dialects.gemini import schema_size, signatures


def mend(rendered: ProviderRequest, fault: ProviderError) -> bool:
    return signatures.mend(rendered, fault) or schema_size.mend(rendered, fault)
