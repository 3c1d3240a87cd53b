"use strict";

const part = (id) => document.getElementById(id);
const form = part("playground");
const API = location.origin + "/v1";
let stopping = null;   // the AbortController of the answers under way
let images = [];       // of the message: name, and content as a data URL

// What is asked

const NUMBERS = ["max_tokens", "temperature", "top_p"];
const MOST_IMAGES = 4, MOST_IMAGE_BYTES = 5 * 1024 * 1024;

function models() {
  const chosen = [...form.querySelectorAll("select.model")].map((select) => select.value);
  return [...new Set(chosen.filter(Boolean))];
}

function request(model, imageAs = (image) => image.content) {
  const asked = { model };
  for (const name of NUMBERS) {
    if (part(name).value !== "" && part(name).validity.valid) asked[name] = Number(part(name).value);
  }
  if (part("reasoning_effort").value) asked.reasoning_effort = part("reasoning_effort").value;
  asked.messages = part("system").value.trim() ? [{ role: "system", content: part("system").value.trim() }] : [];
  const text = part("prompt").value;
  const pictures = images.map((image) => ({ type: "image_url", image_url: { url: imageAs(image) } }));
  asked.messages.push({ role: "user", content: images.length ? [{ type: "text", text }, ...pictures] : text });
  const tools = toolsSaid();
  return tools ? { ...asked, tools } : asked;
}

// None, or null where it is no JSON list; what is wrong stands under it.
function toolsSaid() {
  const said = part("tools").value.trim();
  let tools, wrong = "";
  if (said) {
    try {
      tools = JSON.parse(said);
      if (!Array.isArray(tools)) wrong = "This is no list: put [ before it and ] behind it.";
    } catch (error) {
      wrong = "This is no JSON: " + error.message;
    }
  }
  tellWrong("tools", wrong);
  return wrong ? null : tools;
}

function tellWrong(id, wrong) {
  if (part(id + "-wrong").textContent !== wrong) part(id + "-wrong").textContent = wrong;
  part(id).setAttribute("aria-invalid", String(Boolean(wrong)));
}

part("images").addEventListener("change", async () => {
  const files = [...part("images").files];
  const large = files.find((file) => file.size > MOST_IMAGE_BYTES);
  const wrong = large ? `${large.name} is larger than 5 MB.` : files.length > MOST_IMAGES ? "Four images at most." : "";
  tellWrong("images", wrong);
  images = wrong ? [] : await Promise.all(files.map(async (file) => ({ name: file.name, content: await dataUrl(file) })));
  snippets();
});

const dataUrl = (file) => new Promise((done, failed) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result);
  reader.onerror = () => failed(reader.error);
  reader.readAsDataURL(file);
});

async function token() {
  const headers = { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value };
  const answer = await fetch(form.dataset.token, { method: "POST", headers });
  if (answer.redirected || !answer.ok) throw new Error("You are signed out; load the page anew.");
  return (await answer.json()).token;
}

// An answer, line by line

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

class Answer {
  constructor(model) {
    const section = part("answer").content.cloneNode(true).firstElementChild;
    for (const name of ["thought", "said", "calls", "outcome"]) this[name] = section.querySelector("." + name);
    section.setAttribute("aria-label", "Answer of " + model);
    section.querySelector("h2").textContent = model;
    this.said.setAttribute("aria-label", "What " + model + " says");
    this.said.setAttribute("aria-busy", "true");
    part("answers").append(section);
    Object.assign(this, { model, id: null, usage: null, finish: null, called: [], charged: null });
  }

  async ask(bearer, signal) {
    try {
      const answer = await fetch(API + "/chat/completions", {
        method: "POST",
        signal,
        headers: { "Authorization": "Bearer " + bearer, "Content-Type": "application/json" },
        body: JSON.stringify({ ...request(this.model), stream: true, stream_options: { include_usage: true } }),
      });
      if (!answer.ok) throw new Error(said(await answer.json()));
      for await (const event of events(answer)) this.take(event);
      this.end();
    } catch (error) {
      if (error.name === "AbortError") await this.settle(bearer);
      else this.tell(error.message);
    } finally {
      this.said.setAttribute("aria-busy", "false");
    }
  }

  take(event) {
    if (event.error) throw new Error(said(event));
    this.id = event.id || this.id;
    this.usage = event.usage || this.usage;
    const choice = (event.choices || [])[0];
    if (!choice) return;
    this.finish = choice.finish_reason || this.finish;
    if (choice.delta.reasoning_content) show(this.thought, choice.delta.reasoning_content);
    if (choice.delta.content) show(this.said, choice.delta.content);
    for (const call of choice.delta.tool_calls || []) this.call(call);
  }

  call({ index, function: called = {} }) {
    const known = (this.called[index] ??= { name: "", arguments: "" });
    known.name += called.name || "";
    known.arguments += called.arguments || "";
    this.calls.hidden = false;
    this.calls.textContent = this.called.map((each) => `${each.name}(${each.arguments})`).join("\n");
  }

  // What it came to

  end() {
    if (!this.usage) return this.tell("The answer ended without its usage.");
    const cut = this.finish === "length" ? "Cut at the token limit. " : "";
    const { prompt_tokens, completion_tokens, cost_usd, charged_cents } = this.usage;
    this.charged = charged_cents;
    this.tell(`${cut}${prompt_tokens} tokens in, ${completion_tokens} out; cost $${cost_usd}, charged ${dollars(charged_cents)}.`);
  }

  async settle(bearer) {
    if (!this.id) return this.tell("Stopped before the first word. If it was already under way, it is read to its end and charged.");
    this.tell("Stopped. What was delivered is being settled …");
    for (let waited = 0; waited < MOST_SETTLING_SECONDS;) {   // a model that may reason unseen is read to its end
      const pause = waited < 40 ? 1 : 5;
      await new Promise((done) => setTimeout(done, pause * 1000));
      waited += pause;
      const answer = await fetch(`${API}/receipts/${this.id}`, { headers: { "Authorization": "Bearer " + bearer } });
      if (answer.status === 401) bearer = await token();   // a token lasts five minutes, an answer may take ten
      const charged = answer.ok ? (await answer.json()).charged_cents : undefined;   // none yet while it is drained
      if (charged === undefined) continue;
      this.charged = charged;
      return this.tell(`Stopped. Charged ${dollars(charged)}.`);
    }
    this.tell("Stopped. The receipt will tell what it came to.");
  }

  tell(text) {
    this.outcome.textContent = text + " ";
    if (this.id) this.outcome.append(Object.assign(document.createElement("a"), { href: "/receipts/" + this.id, textContent: "Receipt" }));
  }
}

const MOST_SETTLING_SECONDS = 620;
const dollars = (cents) => "$" + (cents / 100).toFixed(2);   // for the eye; the books are kept elsewhere
const said = (body) => [body.error.message, body.detail].filter(Boolean).join(" ");

function show(where, text) {
  where.hidden = false;
  where.append(text);
}

async function send() {
  if (toolsSaid() === null) return part("tools").closest("details").open = true;
  part("answers").replaceChildren();
  part("together").textContent = "";
  const asked = models().map((model) => new Answer(model));
  const mine = stopping = new AbortController();
  const isLast = () => stopping === mine;   // a stopped one is settled while the next may be under way
  busy(true);
  try {
    const bearer = await token();
    await Promise.all(asked.map((answer) => answer.ask(bearer, mine.signal)));
    const charged = asked.map((answer) => answer.charged);
    if (isLast() && asked.length > 1 && !charged.includes(null)) {
      part("together").textContent = `Together charged ${dollars(charged.reduce((sum, cents) => sum + cents, 0))}.`;
    }
  } catch (error) {
    if (isLast()) part("together").textContent = error.message;
  } finally {
    if (isLast()) busy(false);
  }
}

function busy(is) {
  part("send").disabled = is;
  part("stop").hidden = !is;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});

part("stop").addEventListener("click", () => { busy(false); stopping.abort(); });
part("prompt").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !part("send").disabled) form.requestSubmit();
});

// The same as code: of the first model; the others differ by their names

function snippets() {
  const [model = ""] = models();
  const asked = { ...request(model, (image) => inCode(image.name)), stream: true };
  for (const [id, written] of Object.entries(LANGUAGES)) part(id).textContent = written(asked, API);
}

form.addEventListener("input", snippets);
part("send").hidden = false;
part("as-code").hidden = false;
snippets();
