"""pydantic-ai on its default for OpenAI, Responses: a run with a tool, whole and streamed."""

import asyncio
import os
import sys
from pathlib import Path

from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider

provider = OpenAIProvider(base_url=f"{os.environ['CONWAY_URL']}/v1", api_key=os.environ["CONWAY_API_KEY"])


def write_file(text: str) -> str:
    """Appends to a file."""
    with Path("work.txt").open("a") as file:
        file.write(text + "\n")
    return "written"


async def main(model: str, prompt: str) -> None:
    agent = Agent(OpenAIResponsesModel(model, provider=provider), instructions="You write.", tools=[write_file])
    print((await agent.run(prompt)).output)
    async with agent.run_stream(prompt) as streamed:
        print(await streamed.get_output())


asyncio.run(main(*sys.argv[1:]))
