"""The tools that n8n hands to an agent. Copy this file beside your agent's program. Written for videosdk-agents 1.0.30.

    tools = N8nTools(ctx.metadata)
    agent = MyAgent(instructions=..., tools=await tools.functions())
    tools.attach(agent, pipeline)

A tool is asked with one request, on a connection that the conversation keeps. What goes wrong is an answer, too. The framework's own
MCPServerHTTP has neither: README.md says more.
"""

import asyncio
import json
import logging
import os
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, AsyncIterator

import aiohttp
import videosdk.agents
from videosdk.agents import Agent, FunctionCall, FunctionCallOutput, FunctionTool, Pipeline, function_tool, get_tool_info

logger = logging.getLogger(__name__)

# The person is waiting for the agent's first words.
LIST_TIMEOUT_S = 5
# Where Call: Ask and Wait takes the response. Until n8n has stored that it waits, it refuses: try again after these pauses.
WAITING_PATH = "/webhook-waiting/"
PAUSES_S = [0.5, 1, 2]
# So long the line may be silent.
FILLER_AFTER_S = 1.5
KEYBOARD = Path(videosdk.agents.__file__).parent / "resources" / "agent-keyboard.ogg"

# What the model reads, and tells in its own words.
NOT_POSSIBLE = "This isn't possible right now."
INTERRUPTED = "The person spoke before this was done. It goes on: to get its answer, use the tool again with the same arguments."
NO_ANSWER = "No answer came. It may be done all the same: say so, and don't do it again right away."


def handed_over(metadata: dict, entry: str, variable: str) -> Any:
    """What n8n handed over: with this call, else as an environment variable of this session or agent. None if there is nothing.

    It's taken out of the metadata: it may hold tokens, and a framework may send the metadata on, such as to traces.
    """
    value = metadata.pop(entry, None) or os.getenv(variable) or None
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        # Without the text: it may hold tokens.
        logger.error("%s isn't JSON", variable)
        return None


def call_headers(metadata: dict) -> dict[str, str]:
    """What n8n is told about the call: the tool trigger's `headers`. The model can't change it."""
    call = {
        "x-call-id": metadata.get("callId"),
        "x-call-from": metadata.get("sipCallFrom"),
        "x-call-to": metadata.get("sipCallTo"),
        "x-call-type": metadata.get("callType"),
    }
    return {name: str(value) for name, value in call.items() if value}


def answer_interrupted(agent: Agent) -> None:
    """Answers, where it belongs, each use of a tool that has no answer: models refuse a conversation with one that has none.

    The framework leaves it so when the person speaks while a tool is at work.
    """
    items = agent.chat_context.items
    answered = {item.call_id for item in items if isinstance(item, FunctionCallOutput)}
    for use in [item for item in items if isinstance(item, FunctionCall) and item.call_id not in answered]:
        output = json.dumps({"error": INTERRUPTED})
        items.insert(items.index(use) + 1, FunctionCallOutput(name=use.name, call_id=use.call_id, output=output))


class N8nTools:
    """The tools of one conversation, made where an event loop runs."""

    def __init__(self, metadata: dict, filler: str = "One moment, please."):
        """`filler` is what the agent says when a tool takes long; empty: nothing."""
        self.filler = filler
        self._tools = handed_over(metadata, "n8nTools", "N8N_TOOLS") or []
        self._about = call_headers(metadata)
        # Kept open for as long as n8n keeps it: each new one would cost the person another second of silence.
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(keepalive_timeout=600))
        self._ids = count(1)
        self._agent: Agent | None = None
        self._interjections: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        self._interrupted: dict[str, asyncio.Task[dict]] = {}
        self._at_work = 0
        self._cover: asyncio.Task | None = None

    async def functions(self) -> list[FunctionTool]:
        """The agent's functions. What n8n doesn't list is left out, so that the agent starts anyway."""
        lists = await asyncio.gather(*(self._list(tool) for tool in self._tools))
        # A model accepts no two functions of the same name.
        return list({get_tool_info(one).name: one for functions in lists for one in functions}.values())

    def attach(self, agent: Agent, pipeline: Pipeline) -> None:
        """Lets the agent say the filler and play its thinking sound while a tool takes long.

        The sound needs RoomOptions(background_audio=True). It's the pipeline's hook for what the model writes that speaks here: a
        session.say() in a tool would wait for the end of the turn, which waits for the tool.
        """
        self._agent = agent
        pipeline.on("llm")(self._spoken)

    def say(self, text: str, last: bool = False) -> None:
        """Speaks in the turn in which a tool is at work. After the `last` words, nothing more is spoken in this turn."""
        self._interjections.put_nowait((text, last))

    async def close(self) -> None:
        """Closes the connections to n8n, at the end of the conversation."""
        await self._http.close()

    async def _list(self, tool: dict) -> list[FunctionTool]:
        for pause_s in [*(PAUSES_S if WAITING_PATH in tool["url"] else []), None]:
            try:
                result = await self._request(tool, "tools/list", {}, LIST_TIMEOUT_S)
                return [self._function(entry, tool) for entry in result["tools"]]
            except Exception as error:
                if pause_s is None:
                    # Without its query, which opens a waiting execution.
                    url = tool["url"].partition("?")[0]
                    logger.warning("The tools at %s aren't available in this conversation: %s", url, reason(error))
                    return []
            await asyncio.sleep(pause_s)

    def _function(self, entry: dict, tool: dict) -> FunctionTool:
        @function_tool(name=entry["name"])
        async def ask(**arguments: Any) -> dict:
            async with self._line_kept_busy():
                return await self._answer(entry["name"], arguments, tool)

        info = get_tool_info(ask)
        info.description = entry["description"]
        info.parameters_schema = entry["inputSchema"]
        return ask

    async def _answer(self, name: str, arguments: dict, tool: dict) -> dict:
        """The answer of a use, which goes on if the person interrupts it. The same use again gets that answer: nothing is done twice."""
        key = json.dumps([name, arguments], sort_keys=True)
        use = self._interrupted.pop(key, None) or asyncio.create_task(self._call(name, arguments, tool))
        try:
            return await asyncio.shield(use)
        except asyncio.CancelledError:
            self._interrupted[key] = use
            if self._agent and self._agent.chat_context:
                answer_interrupted(self._agent)
            raise

    async def _call(self, name: str, arguments: dict, tool: dict) -> dict:
        """What the model is told. Whatever the framework raised here, it would keep from the model."""
        try:
            result = await self._request(tool, "tools/call", {"name": name, "arguments": arguments}, tool["timeout"])
            text = "\n".join(part["text"] for part in result["content"] if part["type"] == "text")
            return {"error" if result.get("isError") else "output": text}
        except (aiohttp.ClientConnectorError, aiohttp.ClientResponseError) as error:
            logger.warning("%s failed: %s", name, reason(error))
            return {"error": NOT_POSSIBLE}
        except Exception as error:
            logger.warning("%s has no answer: %s", name, reason(error))
            return {"error": NO_ANSWER}

    async def _request(self, tool: dict, method: str, params: dict, timeout_s: float) -> dict:
        """One request of the Model Context Protocol. n8n's servers keep no state, so that no handshake comes before it."""
        headers = {"Accept": "application/json, text/event-stream", **tool["headers"], **self._about}
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        async with self._http.post(tool["url"], json=body, headers=headers, timeout=timeout) as response:
            response.raise_for_status()
            return (await response.json())["result"]

    @asynccontextmanager
    async def _line_kept_busy(self) -> AsyncIterator[None]:
        """After a while, a filler, and the thinking sound until the last of the tools at work has its answer."""
        self._at_work += 1
        if self._at_work == 1:
            self._cover = asyncio.create_task(self._break_silence())
        try:
            yield
        finally:
            self._at_work -= 1
            if self._at_work == 0:
                self._cover.cancel()
                if self._agent and self._agent.session:
                    await self._agent.stop_background_audio()

    async def _break_silence(self) -> None:
        await asyncio.sleep(FILLER_AFTER_S)
        if self.filler:
            self.say(self.filler)
        if self._agent and self._agent.session:
            await self._agent.play_background_audio(str(KEYBOARD), volume=0.3, looping=True)

    async def _spoken(self, text: AsyncIterator[str]) -> AsyncIterator[str]:
        """What is spoken in a turn: what the model writes, and what is said meanwhile."""
        # What an earlier turn didn't say comes too late.
        self._interjections = asyncio.Queue()
        written = said = None
        try:
            while True:
                written = written or asyncio.ensure_future(anext(text, None))
                said = said or asyncio.ensure_future(self._interjections.get())
                done, _ = await asyncio.wait([written, said], return_when=asyncio.FIRST_COMPLETED)
                if said in done:
                    (words, last), said = said.result(), None
                    yield words
                    if last:
                        return
                if written in done:
                    chunk, written = written.result(), None
                    if chunk is None:
                        return
                    yield chunk
        finally:
            for waiting in (written, said):
                if waiting:
                    waiting.cancel()


def reason(error: Exception) -> str:
    """What went wrong, in one line, without a URL's query."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"HTTP {error.status}"
    return f"{type(error).__name__}: {error}".splitlines()[0]
