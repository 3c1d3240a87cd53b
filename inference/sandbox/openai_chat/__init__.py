"""OpenAI's Chat Completions, and the two dialects of it.

fields               what all three take in a request
openai_fields        what OpenAI's request is made of
openai               OpenAI's rules, and what it adds to an answer
gpt5                 its models, and what they do not take
strict               what it demands of JSON Schemas
moonshot             Moonshot's Kimi
mfjs                 its own dialect of JSON Schema
qwen                 Alibaba's Qwen coder
qwen_cache_control   its cache marks
conversation         the rules between messages, and a request in plain words
wire                 how they answer: JSON, chunks, errors
error_messages       OpenAI's sentences for what a rule found
"""
