"use strict";

// A request of the playground as code to copy. An image stands in it as the name of its file, which the code reads.

const IMAGE = `@image-${Math.random().toString(36).slice(2)}:`;   // nobody's message begins with it
const inCode = (name) => IMAGE + name.replace(/[^\w.-]/g, "_");
const IMAGES = new RegExp(`"${IMAGE}([\\w.-]+)"`, "g");
const KINDS = { jpg: "image/jpeg", jpeg: "image/jpeg", webp: "image/webp", gif: "image/gif" };

const hasImages = (asked) => asked.messages.some((message) => Array.isArray(message.content));
const kindOf = (name) => KINDS[name.split(".").pop().toLowerCase()] || "image/png";
const quoted = (text) => "'" + text.replaceAll("'", "'\\''") + "'";
const indented = (asked) => JSON.stringify(asked, null, 2);

function curl(asked, api) {
  const json = quoted(indented(asked)).replace(IMAGES, (_, name) =>
    `"data:${kindOf(name)};base64,'"$(base64 < ${name} | tr -d '\\n')"'"`);
  const call = `curl -N ${api}/chat/completions \\
  -H "Authorization: Bearer $CONWAY_API_KEY" \\
  -H "Content-Type: application/json" \\
  -d `;
  return hasImages(asked) ? `printf %s ${json} | ${call}@-` : call + json;   // an image is too long for an argument
}

function python(asked, api) {
  const reads = hasImages(asked) ? ["import base64", "import mimetypes"] : [];
  const image = hasImages(asked) ? `

def image(name):
    content = base64.b64encode(open(name, "rb").read()).decode()
    return f"data:{mimetypes.guess_type(name)[0]};base64,{content}"

` : "";
  return `${[...reads, "import os"].join("\n")}
from openai import OpenAI
${image}
client = OpenAI(base_url="${api}", api_key=os.environ["CONWAY_API_KEY"])
stream = client.chat.completions.create(**${literal(asked).replace(IMAGES, 'image("$1")')})
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)`;
}

function literal(value, indent = "") {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = indent + "    ", isList = Array.isArray(value);
  const lines = Object.entries(value).map(([name, each]) =>
    inner + (isList ? "" : JSON.stringify(name) + ": ") + literal(each, inner));
  const [open, close] = isList ? "[]" : "{}";
  return lines.length ? `${open}\n${lines.join(",\n")},\n${indent}${close}` : open + close;
}

function typescript(asked, api) {
  const reads = hasImages(asked) ? `import { readFileSync } from "node:fs";\n` : "";
  const image = hasImages(asked) ? `
const image = (name: string, kind: string): string => \`data:\${kind};base64,\${readFileSync(name, "base64")}\`;
` : "";
  const json = indented(asked).replace(IMAGES, (_, name) => `image("${name}", "${kindOf(name)}")`);
  return `${reads}import OpenAI from "openai";
${image}
const client = new OpenAI({ baseURL: "${api}", apiKey: process.env.CONWAY_API_KEY });
const stream = await client.chat.completions.create(${json});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
}`;
}

const LANGUAGES = { "as-curl": curl, "as-python": python, "as-typescript": typescript };
