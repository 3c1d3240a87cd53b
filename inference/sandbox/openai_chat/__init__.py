"""OpenAI's Chat Completions and the two dialects of it: what they accept (fields, conversation), what they say
(wire), who they are (one file each)."""
