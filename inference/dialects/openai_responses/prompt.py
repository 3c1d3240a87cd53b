"""What of a Responses request is no text (chat/prompt.py)."""

from inference.chat.prompt import SEALED, Declared, by_type, media, settings

PARTS: Declared = {
    "*": by_type(
        {
            "input_image": {"image_url": media("image")},
            "input_file": {"file_data": media("file"), "file_url": media("file")},
        }
    )
}

SETTINGS = """
    model store stream stream_options max_output_tokens temperature top_p top_logprobs reasoning include
    parallel_tool_calls service_tier prompt_cache_retention safety_identifier prompt_cache_key
"""

PROMPT: Declared = {
    **settings(*SETTINGS.split()),
    "input": {"*": {"content": PARTS, "output": PARTS, "encrypted_content": SEALED}},
    "tools": {"*": {}},
    "tool_choice": {},
    "text": {"format": {}},
}
