"""The tools that n8n hands to an agent. Copy this file beside your agent's program. Written for videosdk-agents 1.0.30.

    tools = N8nTools(ctx.metadata)
    agent = MyAgent(instructions=..., tools=await tools.functions())
    tools.attach(agent, pipeline)

Each use of a tool is one request, on a connection that stays open for the conversation, and a failure is an answer for the model as well.
The framework's own MCPServerHTTP does neither: README.md says more.
"""

import asyncio
import json
import logging
import os
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, AsyncIterator

import aiohttp
import videosdk.agents
from videosdk.agents import Agent, FunctionCall, FunctionCallOutput, FunctionTool, Pipeline, function_tool, get_tool_info

logger = logging.getLogger(__name__)

# The time limit for listing the tools, because the person may be waiting for the agent's first words.
LIST_TIMEOUT_S = 5
# Part of the path at which Call: Ask and Wait receives the response. n8n refuses requests there until it has stored that the execution waits, so
# they are repeated after these pauses.
WAITING_PATH = "/webhook-waiting/"
PAUSES_S = [0.5, 1, 2]
# The tool of Call: Ask and Wait, by which the response is handed in.
RESPONSE_TOOL = "submit_response"
# How long the line may be silent before the filler.
FILLER_AFTER_S = 1.5
# How long a connection is kept for the next use. Proxies close theirs after a minute or more, and a request on one that they're closing is lost.
KEEPALIVE_S = 30
# For how long the answer of an interrupted use is given to the same use again. After that, it may be out of date.
KEPT_S = 60
# How long a tool may take that doesn't say so.
TIMEOUT_S = 20
KEYBOARD = Path(videosdk.agents.__file__).parent / "resources" / "agent-keyboard.ogg"

# The answers for the model if something goes wrong, which it passes on in its own words.
NOT_POSSIBLE = "This isn't possible right now."
INTERRUPTED = "The person spoke before this was done. It goes on: to get its answer, use the tool again with the same arguments."
NO_ANSWER = "No answer came. It may be done all the same: say so, and don't do it again right away."


def handed_over(metadata: dict, entry: str, variable: str) -> Any:
    """Returns what n8n has handed over with this call, or in an environment variable of this session or agent. None if there is nothing.

    It's removed from the metadata, because it may hold tokens, and a framework may pass the metadata on, for example to traces.
    """
    value = metadata.pop(entry, None) or os.getenv(variable) or None
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        # The text isn't logged, because it may hold tokens.
        logger.error("%s isn't JSON", variable)
        return None


def call_headers(metadata: dict) -> dict[str, str]:
    """Returns what n8n is told about the call, which the tool trigger outputs as `headers`, and which the model can't change."""
    call = {
        "x-call-id": metadata.get("callId"),
        "x-call-from": metadata.get("sipCallFrom"),
        "x-call-to": metadata.get("sipCallTo"),
        "x-call-type": metadata.get("callType"),
    }
    # A line break, which a caller's ID may have, would make the request one that can't be sent.
    return {name: " ".join(str(value).split()) for name, value in call.items() if value}


def tools_in(handed: Any) -> list[dict]:
    """Returns the tools in what was handed over. What can't be one is left out, because without it the agent can still talk."""
    tools = [tool for tool in handed if isinstance(tool, dict) and isinstance(tool.get("url"), str)] if isinstance(handed, list) else []
    if handed and tools != handed:
        logger.error("n8nTools has something in it that isn't a tool")
    return tools


def answer_interrupted(agent: Agent) -> None:
    """Adds an answer after each use of a tool that has none, because models refuse a conversation with such a use.

    The framework leaves one without an answer if the person speaks while a tool is at work (videosdk-agents 1.0.30; npm run test:vendor).
    until: the framework adds the answer itself.
    """
    items = agent.chat_context.items
    answered = {item.call_id for item in items if isinstance(item, FunctionCallOutput)}
    for use in [item for item in items if isinstance(item, FunctionCall) and item.call_id not in answered]:
        output = json.dumps({"error": INTERRUPTED})
        items.insert(items.index(use) + 1, FunctionCallOutput(name=use.name, call_id=use.call_id, output=output))


class N8nTools:
    """The tools of one conversation. It has to be made while an event loop runs."""

    def __init__(self, metadata: dict, filler: str = "One moment, please."):
        """`filler` is what the agent says when a tool takes long. If it's empty, the agent says nothing."""
        self.filler = filler
        self._tools = tools_in(handed_over(metadata, "n8nTools", "N8N_TOOLS"))
        # Set while no tool is at work, not even one that the person has interrupted.
        self.free = asyncio.Event()
        self.free.set()
        self._requests = 0
        self._about = call_headers(metadata)
        # Connections stay open between two uses, because each new one would cost the person another second of silence.
        self._http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(keepalive_timeout=KEEPALIVE_S))
        self._ids = count(1)
        self._agent: Agent | None = None
        self._interjections: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()
        self._interrupted: dict[str, asyncio.Task[dict]] = {}
        self._at_work = 0
        # The tool that has the question of Call: Ask and Wait, until n8n has the response, or word that there is none.
        self._question: dict | None = None
        self._cover: asyncio.Task | None = None

    async def functions(self) -> list[FunctionTool]:
        """Returns the agent's functions. Tools that n8n doesn't list are left out, so that the agent starts anyway."""
        lists = await asyncio.gather(*(self._list(tool) for tool in self._tools))
        # Models don't accept two functions with the same name.
        return list({get_tool_info(one).name: one for functions in lists for one in functions}.values())

    def attach(self, agent: Agent, pipeline: Pipeline) -> None:
        """Lets the agent say the filler and play its thinking sound while a tool takes long.

        The sound needs RoomOptions(background_audio=True). The filler is spoken by the pipeline's hook for what the model writes, because a
        session.say() in a tool would wait for the end of the turn, which waits for the tool.
        """
        self._agent = agent
        pipeline.on("llm")(self._spoken)

    def say(self, text: str, last: bool = False) -> None:
        """Speaks in the turn in which a tool is at work. After the `last` words, nothing more is spoken in this turn."""
        self._interjections.put_nowait((text, last))

    async def report(self, **reason: Any) -> None:
        """Tells Call: Ask and Wait why there is no response: voicemail=True, or noResponse="hungUp", "noFit", or "notAsked". Never raises.

        It does nothing if there is a response, or no question. The model can't do this, because it isn't told of these arguments.
        """
        if self._question:
            await self._call(RESPONSE_TOOL, reason, self._question)

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
                    # The query isn't logged, because it gives access to a waiting execution.
                    url = tool["url"].partition("?")[0]
                    logger.warning("The tools at %s aren't available in this conversation: %s", url, reason(error))
                    return []
            await asyncio.sleep(pause_s)

    def _function(self, entry: dict, tool: dict) -> FunctionTool:
        if entry["name"] == RESPONSE_TOOL:
            self._question = tool

        @function_tool(name=entry["name"])
        async def ask(**arguments: Any) -> dict:
            async with self._line_kept_busy():
                return await self._answer(entry["name"], arguments, tool)

        info = get_tool_info(ask)
        info.description = entry["description"]
        info.parameters_schema = entry["inputSchema"]
        return ask

    async def _answer(self, name: str, arguments: dict, tool: dict) -> dict:
        """Returns the answer of a use, which goes on if the person interrupts it. The same use again gets that answer, so nothing is done twice.

        For a minute: asked again later in the conversation, it's a new question.
        """
        key = json.dumps([name, arguments], sort_keys=True)
        use = self._interrupted.pop(key, None) or asyncio.create_task(self._call(name, arguments, tool))
        try:
            return await asyncio.shield(use)
        except asyncio.CancelledError:
            self._interrupted[key] = use
            use.add_done_callback(lambda _: asyncio.get_running_loop().call_later(KEPT_S, self._forget, key, use))
            if self._agent and self._agent.chat_context:
                answer_interrupted(self._agent)
            raise

    def _forget(self, key: str, use: asyncio.Task[dict]) -> None:
        if self._interrupted.get(key) is use:
            del self._interrupted[key]

    async def _call(self, name: str, arguments: dict, tool: dict) -> dict:
        """Returns the answer for the model. It never raises, because the framework doesn't pass an exception on to the model."""
        self._requests += 1
        self.free.clear()
        try:
            result = await self._request(tool, "tools/call", {"name": name, "arguments": arguments}, tool.get("timeout") or TIMEOUT_S)
            text = "\n".join(part["text"] for part in result["content"] if part["type"] == "text")
            if result.get("isError"):
                return {"error": text}
            if name == RESPONSE_TOOL:
                self._question = None
            return {"output": text}
        except (aiohttp.ClientConnectorError, aiohttp.ClientResponseError) as error:
            logger.warning("%s failed: %s", name, reason(error))
            return {"error": NOT_POSSIBLE}
        except Exception as error:
            logger.warning("%s has no answer: %s", name, reason(error))
            return {"error": NO_ANSWER}
        finally:
            self._requests -= 1
            if self._requests == 0:
                self.free.set()

    async def _request(self, tool: dict, method: str, params: dict, timeout_s: float) -> dict:
        """Sends one request of the Model Context Protocol. There is no handshake, because n8n's servers keep no state.

        It's sent once more if there was no connection, and never if n8n may have received it.
        """
        headers = {"Accept": "application/json, text/event-stream", **(tool.get("headers") or {}), **self._about}
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        # To be redirected would hand what the person has said to another server, whose answer the model would trust.
        post = partial(self._http.post, tool["url"], json=body, headers=headers, timeout=timeout, allow_redirects=False)
        try:
            response = await post()
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(PAUSES_S[0])
            response = await post()
        async with response:
            if response.status >= 300:
                raise aiohttp.ClientResponseError(response.request_info, response.history, status=response.status)
            return (await response.json())["result"]

    @asynccontextmanager
    async def _line_kept_busy(self) -> AsyncIterator[None]:
        """Plays a filler after a while, and the thinking sound until the last of the tools at work has its answer."""
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
        """Yields what is spoken in a turn: what the model writes, and the fillers and last words in between."""
        # What an earlier turn hasn't said is dropped, because it's too late for it.
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
    """Returns what went wrong, in one line, without a URL's query."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"HTTP {error.status}"
    return f"{type(error).__name__}: {error}".splitlines()[0]
