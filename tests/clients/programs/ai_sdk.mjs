// The AI SDK on its default, Responses: a loop with a tool, whole and streamed.
import { generateText, stepCountIs, streamText, tool } from "ai";
import { appendFileSync } from "node:fs";
import { z } from "zod";
import { conway } from "./documented.mjs";

const write_file = tool({
  description: "Appends to a file",
  inputSchema: z.object({ text: z.string() }),
  execute: async ({ text }) => {
    appendFileSync("work.txt", text + "\n");
    return "written";
  },
});
const asked = { model: conway(process.argv[2]), tools: { write_file }, prompt: process.argv[3], stopWhen: stepCountIs(5) };

const whole = await generateText(asked);
console.log(whole.text);
let streamed = "";
for await (const piece of streamText(asked).textStream) streamed += piece;
console.log(streamed);
