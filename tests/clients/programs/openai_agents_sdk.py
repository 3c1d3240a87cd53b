"""OpenAI Agents on its default, Responses: a run with a tool, whole and streamed."""

import asyncio
import os
import sys
from pathlib import Path

from agents import Agent, Runner, function_tool, set_default_openai_client, set_tracing_disabled
from openai import AsyncOpenAI

set_tracing_disabled(True)
set_default_openai_client(
    AsyncOpenAI(base_url=f"{os.environ['CONWAY_URL']}/v1", api_key=os.environ["CONWAY_API_KEY"]), use_for_tracing=False
)


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
