"""pydantic-ai on its default for OpenAI, Responses: a run with a tool, whole and streamed."""

import asyncio
import sys
from pathlib import Path

from documented import model
from pydantic_ai import Agent


def write_file(text: str) -> str:
    """Appends to a file."""
    with Path("work.txt").open("a") as file:
        file.write(text + "\n")
    return "written"


async def main(prompt: str) -> None:
    agent = Agent(model, instructions="You write.", tools=[write_file])
    print((await agent.run(prompt)).output)
    async with agent.run_stream(prompt) as streamed:
        print(await streamed.get_output())


asyncio.run(main(sys.argv[2]))
