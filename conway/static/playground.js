"use strict";

const part = (id) => document.getElementById(id);
const form = part("playground");
const API = location.origin + "/v1";
let stopping = null;   // the AbortController of the answer under way

// What is asked

function request() {
  const system = part("system").value.trim(), most = parseInt(part("max").value, 10);
  const messages = [{ role: "user", content: part("prompt").value }];
  if (system) messages.unshift({ role: "system", content: system });
  return { model: part("model").value, ...(most > 0 ? { max_tokens: most } : {}), messages };
}

async function token() {
  const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  const answer = await fetch(form.dataset.token, { method: "POST", headers });
  if (answer.redirected || !answer.ok) throw new Error("You are signed out; load the page anew.");
  return (await answer.json()).token;
}

// The answer, line by line

async function* events(answer) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: ") && line !== "data: [DONE]") yield JSON.parse(line.slice(6));
    }
  }
}

function show(id, text) {
  part(id).hidden = false;
  part(id).append(text);
}

async function ask() {
  const seen = { id: null, usage: null, finish: null };
  stopping = new AbortController();
  begin();
  const bearer = await token();
  try {
    const answer = await fetch(API + "/chat/completions", {
      method: "POST",
      signal: stopping.signal,
      headers: { "Authorization": "Bearer " + bearer, "Content-Type": "application/json" },
      body: JSON.stringify({ ...request(), stream: true, stream_options: { include_usage: true } }),
    });
    if (!answer.ok) throw new Error(said(await answer.json()));
    for await (const event of events(answer)) take(event, seen);
    outcome(seen);
  } catch (error) {
    if (error.name !== "AbortError") throw error;
    await afterStop(seen, bearer);
  }
}

function take(event, seen) {
  if (event.error) throw new Error(said(event));
  seen.id = event.id || seen.id;
  seen.usage = event.usage || seen.usage;
  const choice = (event.choices || [])[0];
  if (!choice) return;
  seen.finish = choice.finish_reason || seen.finish;
  if (choice.delta.reasoning_content) show("thought", choice.delta.reasoning_content);
  if (choice.delta.content) show("said", choice.delta.content);
}

const said = (body) => [body.error.message, body.detail].filter(Boolean).join(" ");

// What it came to

const dollars = (cents) => "$" + (cents / 100).toFixed(2);   // for the eye; the books are kept elsewhere

function outcome(seen) {
  const usage = seen.usage;
  if (!usage) return tell("The answer ended without its usage.", seen.id);
  const cut = seen.finish === "length" ? "Cut at the token limit. " : "";
  tell(`${cut}${usage.prompt_tokens} tokens in, ${usage.completion_tokens} out; cost $${usage.cost_usd}, charged ${dollars(usage.charged_cents)}.`, seen.id);
}

const MOST_SETTLING_SECONDS = 620;

async function afterStop(seen, bearer) {
  if (!seen.id) return tell("Stopped before the first word. If it was already under way, it is read to its end and charged.");
  tell("Stopped. What was delivered is being settled …", seen.id);
  for (let waited = 0; waited < MOST_SETTLING_SECONDS;) {   // a model that may reason unseen is read to its end
    const pause = waited < 40 ? 1 : 5;
    await new Promise((done) => setTimeout(done, pause * 1000));
    waited += pause;
    const answer = await fetch(`${API}/receipts/${seen.id}`, { headers: { "Authorization": "Bearer " + bearer } });
    const charged = answer.ok ? (await answer.json()).charged_cents : undefined;   // none yet while it is drained
    if (charged !== undefined) return tell(`Stopped. Charged ${dollars(charged)}.`, seen.id);
  }
}

function tell(text, id) {
  const line = part("outcome");
  line.textContent = text + " ";
  if (!id) return;
  const link = Object.assign(document.createElement("a"), { href: "/receipts/" + id, textContent: "Receipt" });
  line.append(link);
}

function begin() {
  for (const id of ["said", "thought", "outcome"]) part(id).textContent = "";
  part("thought").hidden = true;
  part("said").setAttribute("aria-busy", "true");
  part("send").disabled = true;
  part("stop").hidden = false;
}

function end() {
  part("said").setAttribute("aria-busy", "false");
  part("send").disabled = false;
  part("stop").hidden = true;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await ask();
  } catch (error) {
    tell(error.message);
  } finally {
    end();
  }
});

part("stop").addEventListener("click", () => { end(); stopping.abort(); });
part("prompt").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !part("send").disabled) form.requestSubmit();
});

// The same as code

const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";

function snippets() {
  const asked = { ...request(), stream: true };
  const json = JSON.stringify(asked, null, 2);
  const python = json.replace(/^(\s*"stream": )true/m, "$1True");
  part("as-curl").textContent = `curl -N ${API}/chat/completions \\
  -H "Authorization: Bearer $CONWAY_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d ${quoted(json)}`;
  part("as-python").textContent = `import os
from openai import OpenAI

client = OpenAI(base_url="${API}", api_key=os.environ["CONWAY_API_KEY"])
stream = client.chat.completions.create(**${python})
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)`;
  part("as-node").textContent = `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${API}", apiKey: process.env.CONWAY_API_KEY });
const stream = await client.chat.completions.create(${json});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}`;
}

form.addEventListener("input", snippets);
part("send").hidden = false;
part("as-code").hidden = false;
snippets();
