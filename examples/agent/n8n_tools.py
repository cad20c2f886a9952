"""The tools that n8n hands to an agent. Copy this file beside your agent's program.

    agent = MyAgent(instructions=..., tools=await n8n_tools(ctx.metadata))

Agent(mcp_servers=[MCPServerHTTP(...)]) isn't enough with videosdk-agents 1.0.30: an n8n that can't be reached keeps the agent from
starting, one failed request disconnects the tool for the rest of the conversation, and the model learns neither what a tool is
for nor that it failed. So each call of a tool connects anew here, and a failure is an answer.
"""

import asyncio
import json
import logging
import os
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, AsyncIterator

from mcp import ClientSession, Tool
from mcp.client.streamable_http import streamablehttp_client
from videosdk.agents import FunctionTool, function_tool, get_tool_info

logger = logging.getLogger(__name__)

# The caller is waiting for the agent's first words.
LIST_TIMEOUT_S = 5
# Where Call: Ask and Wait takes the response. Until n8n has stored that it waits, it refuses: try again after these pauses.
WAITING_PATH = "/webhook-waiting/"
PAUSES_S = [0.5, 1, 2]


async def n8n_tools(metadata: dict) -> list[FunctionTool]:
    """The tools of this conversation. Those that n8n doesn't list are left out, so that the agent starts anyway."""
    tools = handed_over(metadata)
    about = call_headers(metadata)
    lists = await asyncio.gather(*(list_tools({**tool, "headers": {**tool["headers"], **about}}) for tool in tools))
    return [function for functions in lists for function in functions]


def handed_over(metadata: dict) -> list[dict]:
    """What n8n handed over: with this call, as a secret of this agent, or with this session.

    It's taken out, because it holds tokens: a framework may send the metadata on, such as to traces.
    """
    tools = metadata.pop("n8nTools", None) or os.getenv("N8N_TOOLS") or "[]"
    return json.loads(tools) if isinstance(tools, str) else tools


def call_headers(metadata: dict) -> dict[str, str]:
    """What n8n is told about the call: the tool trigger's `headers`. The model can't change it."""
    call = {
        "x-call-id": metadata.get("callId"),
        "x-call-from": metadata.get("sipCallFrom"),
        "x-call-to": metadata.get("sipCallTo"),
        "x-call-type": metadata.get("callType"),
    }
    return {name: str(value) for name, value in call.items() if value}


async def list_tools(tool: dict) -> list[FunctionTool]:
    """The agent's functions for what n8n offers at one URL, or none if n8n doesn't answer."""
    for pause_s in [*(PAUSES_S if WAITING_PATH in tool["url"] else []), None]:
        try:
            async with connected(tool, LIST_TIMEOUT_S) as session:
                return [function_for(entry, tool) for entry in (await session.list_tools()).tools]
        except Exception as error:
            if pause_s is None:
                logger.warning("The tools at %s aren't available in this conversation: %s", tool["url"], reason(error))
                return []
        await asyncio.sleep(pause_s)


def function_for(entry: Tool, tool: dict) -> FunctionTool:
    """A function that asks n8n. What goes wrong is an answer, too, so that the model can say so."""

    @function_tool(name=entry.name)
    async def ask(**arguments: Any) -> dict:
        try:
            async with connected(tool, tool["timeout"]) as session:
                # Otherwise mcp lists them after the call, when an execution that has its response no longer answers.
                await session.list_tools()
                result = await session.call_tool(entry.name, arguments)
        except Exception as error:
            logger.warning("%s failed: %s", entry.name, reason(error))
            return {"error": "This isn't possible right now."}
        text = "\n".join(part.text for part in result.content if part.type == "text")
        return {"error" if result.isError else "output": text}

    info = get_tool_info(ask)
    info.description = entry.description
    info.parameters_schema = entry.inputSchema
    return ask


@asynccontextmanager
async def connected(tool: dict, timeout_s: float) -> AsyncIterator[ClientSession]:
    """A connection to n8n, each of whose requests may take `timeout_s`. Whatever fails is raised as an Exception."""
    async with streamablehttp_client(tool["url"], headers=tool["headers"], timeout=timeout_s) as (read, write, _):
        async with ClientSession(read, write, read_timeout_seconds=timedelta(seconds=timeout_s)) as session:
            await session.initialize()
            yield session


def reason(error: BaseException) -> str:
    """What went wrong, in one line: the first of a group's errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}".splitlines()[0]
