// Anthropic's SDK: its tool runner whole, and a stream by its accumulator.
import { appendFileSync } from "node:fs";
import { client } from "./documented.mjs";

const input_schema = { type: "object", properties: { text: { type: "string" } }, required: ["text"] };
const tools = [{ name: "write_file", description: "Appends to a file", input_schema }];
const asks = {
  whole: (messages) => client.messages.create({ model: process.argv[2], max_tokens: 1000, tools, messages }),
  streamed: (messages) =>
    client.messages.stream({ model: process.argv[2], max_tokens: 1000, tools, messages }).finalMessage(),
};

for (const ask of Object.values(asks)) {
  const messages = [{ role: "user", content: process.argv[3] }];
  const called = await ask(messages);
  const call = called.content.find((block) => block.type === "tool_use");
  appendFileSync("work.txt", call.input.text + "\n");
  const result = { type: "tool_result", tool_use_id: call.id, content: "written" };
  messages.push({ role: "assistant", content: called.content }, { role: "user", content: [result] });
  const said = await ask(messages);
  console.log(said.content.findLast((block) => block.type === "text").text);
}
