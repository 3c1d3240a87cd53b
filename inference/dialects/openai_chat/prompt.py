"""What of a Chat Completions request is no text (chat/prompt.py)."""

from inference.chat.prompt import Declared, by_type, media, settings

PART = by_type(
    {
        "image_url": {"image_url": {"url": media("image")}},
        "input_audio": {"input_audio": {"data": media("audio")}},
        "file": {"file": {"file_data": media("file")}},
    }
)
CALL: Declared = {"function": {}}

SETTINGS = """
    model stream stream_options max_tokens max_completion_tokens temperature top_p top_k n seed logprobs
    top_logprobs presence_penalty frequency_penalty verbosity reasoning_effort enable_thinking thinking_budget
    parallel_tool_calls store service_tier prompt_cache_retention safety_identifier prompt_cache_key
"""

PROMPT: Declared = {
    **settings(*SETTINGS.split()),
    "messages": {"*": {"content": {"*": PART}, "tool_calls": {"*": CALL}}},
    "tools": {"*": CALL},
    "tool_choice": {},
    "response_format": {"json_schema": {}},
}
