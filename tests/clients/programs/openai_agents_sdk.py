"""OpenAI Agents on its default, Responses: a run with a tool, whole and streamed."""

import asyncio
import sys
from pathlib import Path

import documented  # noqa: F401  # the documented block
from agents import Agent, Runner, function_tool


@function_tool
def write_file(text: str) -> str:
    """Appends to a file."""
    with Path("work.txt").open("a") as file:
        file.write(text + "\n")
    return "written"


async def main(model: str, prompt: str) -> None:
    agent = Agent(name="Writer", instructions="You write.", model=model, tools=[write_file])
    print((await Runner.run(agent, prompt)).final_output)
    streamed = Runner.run_streamed(agent, prompt)
    async for _ in streamed.stream_events():
        pass
    print(streamed.final_output)


asyncio.run(main(*sys.argv[1:]))
