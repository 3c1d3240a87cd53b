// OpenAI Agents on its default, Responses: a run with a tool, whole and streamed.
import { Agent, run, tool } from "@openai/agents";
import { appendFileSync } from "node:fs";
import { z } from "zod";
import "./documented.mjs";

const write_file = tool({
  name: "write_file",
  description: "Appends to a file",
  parameters: z.object({ text: z.string() }),
  execute: async ({ text }) => {
    appendFileSync("work.txt", text + "\n");
    return "written";
  },
});
const agent = new Agent({ name: "Writer", instructions: "You write.", model: process.argv[2], tools: [write_file] });

console.log((await run(agent, process.argv[3])).finalOutput);
const streamed = await run(agent, process.argv[3], { stream: true });
for await (const _ of streamed) {
  // each event is parsed by the SDK
}
await streamed.completed;
console.log(streamed.finalOutput);
