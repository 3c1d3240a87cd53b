"""The sandbox: five model providers simulated on one port, as strict as they are, with a meter of their own.

    python -m inference.sandbox --port N [--pace MS] [--meter FILE]

| path                                                          | whose format                |
|---------------------------------------------------------------|-----------------------------|
| /openai/v1/chat/completions, /openai/v1/responses             | OpenAI                      |
| /anthropic/v1/messages                                        | Anthropic                   |
| /gemini/v1beta/models/{id}:generateContent, :streamGenerateContent?alt=sse | Google Gemini  |
| /moonshot/v1/chat/completions                                 | Moonshot (Kimi)             |
| /dashscope/compatible-mode/v1/chat/completions                | Alibaba (Qwen)              |
| GET, POST /control                                            | process-wide orders (JSON)  |
| GET, DELETE /meter; GET /meter/totals                         | what was served             |

Any key is good, except `wrong`, which gets the provider's 401. Replies are deterministic: the text echoes the last
user message (`say 12 words` gets twelve, `say exactly "…"` the JSON string behind it), a tool is called when the choice
forces it or the message names it (or "use the tool"; "two" or "both" makes two calls; `call NAME with {"a": 1}` calls
it just so), tool results are read back, a schema gets an instance of it. Only prompt caching (`cache_control`)
remembers earlier requests.

Orders stand in the last user message, in double brackets, several in one bracket or each in its own: `[[pace=20
words=40]] [[cut=5]]`. The same names go to `POST /control` as JSON (`{"pace_ms": 0, "status": null}`) for every
request, with `"times": N` for the next N, `"reset": true` to begin from none. Words count thinking that is shown,
text, and pieces of tool arguments.

| order               | effect                                                                                   |
|---------------------|------------------------------------------------------------------------------------------|
| pace=50             | milliseconds per word; a JSON reply takes as long as its stream would                    |
| words=40            | answer with 40 words of one token each                                                   |
| think=20            | 20 words of thinking, where thinking is on                                               |
| gone=MODEL,MODEL    | the provider's 404, for these models                                                     |
| rerouted=MODEL:OTHER | asked for the one, answer with the other and say so                                     |
| served=MODEL        | report another model as the one that answered                                            |
| tokens-in=N tokens-out=N cached=N | report and meter so many prompt, output, cached prompt tokens              |
| no-usage            | report no usage (the meter still knows)                                                  |
| status=429          | the provider's error of that status; `retry-after=1` beside it adds the header           |
| quota               | the provider's "no money left" error                                                     |
| html                | a 502 with an HTML page                                                                  |
| first-byte=3        | seconds before anything is sent                                                          |
| cut=5               | the connection is reset after 5 words (0: after the headers); JSON: in mid-body          |
| error=5             | after 5 words an error event in the provider's form, then the end; JSON: a 500           |
| hang=5              | nothing more after 5 words, the connection stays open; JSON: never an answer             |
| garbage=5           | bytes that are not JSON after 5 words, then a reset; JSON: a 200 with such a body        |
| refuse, refuse=5    | a refusal or content filter, before any output or after 5 words                          |
| malformed-call      | Gemini: finish reason MALFORMED_FUNCTION_CALL; elsewhere an empty reply                  |
| once                | the faults above only for the first request with exactly this body; its retry succeeds   |

The meter lists every request that reached a provider path: refused ones with their status and nothing billed; for a
stream that ended early the prompt and the output tokens handed to the socket, nothing before the first event.
word_tokens.py says what a token is here.

Read in this order: app (paths) → http_request (the life of a request) → fault_injection (orders), neutral_request,
replies, tool_choice, schema_samples, word_tokens, cache → protocol, then one of them (openai_chat, openai_responses,
anthropic, gemini: fields, rules, wire) → validators, meta_schema (JSON Schema 2020-12), refusals → meter, server,
http_parsing. The translators of the project share nothing with it, so that each can prove the other wrong.
"""
