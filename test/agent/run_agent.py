"""Runs agent/agent.py, unchanged, as VideoSDK's worker runs a job. Replaced are the room and VideoSDK's gateway for speech, where text takes
the place of sound; the gateway's model is at MODEL_URL.

CONSTANTS has other values for the agent's constants: {"limits.ANSWER_S": 1}; "clock.now" is what its clock shows.
FRAMEWORK_PROMPT: voicemail is recognized by the framework's own prompt.
One JSON line in: {"metadata": {...}, "hangsUpAfter": seconds, in which the person hears the first words, or null}, then {"caller": "what the person says"} or, to wait for the end of the conversation, {};
"interrupts": "what the person says a second later"; "seconds": to wait no longer than that.
One out for each, once the agent is silent again or has hung up: {"said": [{"text", "at": ms}], "sounds": [ms], "tools": [names],
"ended": bool, "hears": what the recognition of speech was told}. Sounds are those of the keyboard: speech is silent here.
Ends when its input does.
"""

import asyncio
import base64
import json
import logging
import os
import sys
import time
from datetime import datetime
from pathlib import Path

from aiohttp import WSMsgType, web
from videosdk.agents import VAD, AgentSession, RoomOptions, get_tool_info
from videosdk.agents.inference import llm, stt, tts, turn
from videosdk.agents.room import room as room_module
from videosdk.agents.room.output_stream import TeeMixingCustomAudioStreamTrack
from videosdk.agents.worker import _execute_job_entrypoint
from videosdk.plugins import silero

FRAME = bytes(1920)
BYTES_PER_SECOND = 48_000
SECONDS_PER_CHARACTER = 0.02


def now_ms() -> int:
    return round(time.time() * 1000)


class NoVAD(VAD):
    """Hears nothing: the model of the real one is downloaded when it's first used."""

    async def process_audio(self, audio_frames: bytes, **_) -> None:
        pass


class Gateway:
    """Speech as VideoSDK's Inference Gateway has it, without sound."""

    def __init__(self):
        self.said: list[dict] = []
        self.hearing: web.WebSocketResponse | None = None
        self.hears: dict | None = None

    async def start(self) -> str:
        app = web.Application()
        app.add_routes([web.get("/v1/stt", self.hear), web.get("/v1/tts", self.speak), web.post("/v1/turn", self.judge)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        return "127.0.0.1:%d" % runner.addresses[0][1]

    async def hear(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.hearing = socket
        async for message in socket:
            line = json.loads(message.data) if message.type == WSMsgType.TEXT else {}
            self.hears = self.hears or line.get("data")
        return socket

    async def tell(self, text: str) -> None:
        """The person says something."""
        while not self.hearing:
            await asyncio.sleep(0.01)
        event = {"eventType": "TRANSCRIPT", "text": text, "is_final": True}
        await self.hearing.send_json({"type": "event", "data": event})

    async def speak(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async for message in socket:
            line = json.loads(message.data) if message.type == WSMsgType.TEXT else {}
            if line.get("type") == "text":
                self.said.append({"text": line["data"], "at": now_ms()})
                sound = bytes(2 * int(len(line["data"]) * SECONDS_PER_CHARACTER * BYTES_PER_SECOND / 2))
                await socket.send_json({"type": "audio", "data": {"audio": base64.b64encode(sound).decode()}})
        return socket

    async def judge(self, _: web.Request) -> web.Response:
        return web.json_response({"probability": 0.9})


class Room:
    """One person is in it, who is silent unless the gateway hears something. What the agent says takes as long as it would."""

    def __init__(self, *, pipeline, loop, **_):
        self.audio_track = TeeMixingCustomAudioStreamTrack(loop=loop, pipeline=pipeline)
        self.pipeline = pipeline
        self.ended = asyncio.Event()
        self.participants_data: dict = {}
        self.callbacks: list = []
        self.tasks: list[asyncio.Task] = []
        self.sounds: list[int] = []
        pipeline._set_loop_and_audio_track(loop, self.audio_track)
        Room.current = self

    async def connect(self) -> None:
        self.tasks = [asyncio.create_task(self.play()), asyncio.create_task(self.listen())]

    async def play(self) -> None:
        while True:
            if (await self.audio_track.recv()).to_ndarray().any():
                self.sounds.append(now_ms())

    async def listen(self) -> None:
        while True:
            await self.pipeline.on_audio_delta(FRAME)
            await asyncio.sleep(0.1)

    async def wait_for_participant(self, *_) -> str:
        return "person"

    def setup_session_end_callback(self, callback) -> None:
        self.callbacks.append(callback)

    async def force_end_session(self, reason: str) -> None:
        self.ended.set()
        for callback in self.callbacks:
            callback(reason)

    async def leave(self) -> None:
        for task in self.tasks:
            task.cancel()


def replace() -> Gateway:
    silero.SileroVAD = NoVAD
    silero.pre_download_model = lambda: None
    room_module.VideoSDKHandler = Room
    llm.DEFAULT_LLM_HTTP_URL = os.environ["MODEL_URL"]
    return Gateway()


async def read_line() -> dict | None:
    line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return json.loads(line) if line else None


def change(agent) -> None:
    for name, value in json.loads(os.environ.get("CONSTANTS", "{}")).items():
        module, constant = name.split(".")
        changed = (lambda moment: lambda: datetime.fromisoformat(moment))(value) if name == "clock.now" else value
        setattr(sys.modules[module], constant, changed)
    if os.environ.get("FRAMEWORK_PROMPT"):
        agent.VOICEMAIL_QUESTION = None


async def main() -> None:
    gateway = replace()
    address = await gateway.start()
    stt.VIDEOSDK_INFERENCE_URL = tts.VIDEOSDK_INFERENCE_URL = f"ws://{address}"
    turn.DEFAULT_TURN_HTTP_URL = f"http://{address}"
    sys.path.insert(0, str(Path(__file__).parents[2] / "agent"))
    import agent

    change(agent)
    entered = asyncio.get_running_loop().create_future()
    start = AgentSession.start

    async def started(self, *args, run_until_shutdown=False, **options):
        await start(self, *args, run_until_shutdown=run_until_shutdown, **options)
        if not run_until_shutdown:
            entered.set_result(self)

    AgentSession.start = started
    first = await read_line()
    metadata = first["metadata"]
    options = RoomOptions(room_id="room-of-the-test", background_audio=True)
    job = asyncio.create_task(_execute_job_entrypoint(agent.entrypoint, options, metadata, agent_id="agent-of-the-test"))
    if first.get("hangsUpAfter"):
        await asyncio.sleep(first["hangsUpAfter"])
        await Room.current.force_end_session("the person has hung up")
        # The framework keeps waiting for the first words to be over.
        await asyncio.wait([job], timeout=10)
        heard = {"said": gateway.said, "sounds": Room.current.sounds}
        print(json.dumps({**heard, "tools": [], "ended": True, "hears": gateway.hears}), file=answers, flush=True)
        return
    await asyncio.wait([job, entered], return_when=asyncio.FIRST_COMPLETED)
    if job.done():
        job.result()
    session = entered.result()
    await session.agent.tools_listed
    room = Room.current
    silent = asyncio.Event()
    session.on("agent_state_changed", lambda data: silent.set() if data["state"] == "idle" else None)
    while True:
        tools = [get_tool_info(tool).name for tool in session.agent.tools] if session.agent else []
        heard = {"said": gateway.said, "sounds": room.sounds}
        print(json.dumps({**heard, "tools": tools, "ended": room.ended.is_set(), "hears": gateway.hears}), file=answers, flush=True)
        line = await read_line()
        if line is None:
            break
        gateway.said, room.sounds = [], []
        silent.clear()
        waits = [asyncio.create_task(room.ended.wait())]
        if "caller" in line:
            await gateway.tell(line["caller"])
            if line.get("interrupts"):
                await asyncio.sleep(1)
                await gateway.tell(line["interrupts"])
            waits.append(asyncio.create_task(silent.wait()))
        await asyncio.wait(waits, timeout=line.get("seconds"), return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
    if not room.ended.is_set():
        await room.force_end_session("the test is over")
    await job


answers = sys.stdout
# What the framework prints goes to the log.
sys.stdout = sys.stderr
logging.basicConfig(stream=sys.stderr, level=logging.INFO)
asyncio.run(main())
