"""Runs examples/agent/agent.py, unchanged, as VideoSDK's worker runs a job, without a room, a microphone, and a paid model.

One JSON line in: {"metadata": {...}}, then {"caller": "what the caller says"}, or {} if voicemail picked up, for each turn. One out for each:
{"tools": [as the model gets them]}, then {"agent": "what the agent says"}. Ends when its input does.
"""

import asyncio
import json
import logging
import sys
from pathlib import Path
from types import ModuleType

# Speech is not what is tested, and its models are too large: without it the pipeline takes and gives text.
for name, symbols in {
    "deepgram": ["DeepgramSTT"],
    "elevenlabs": ["ElevenLabsTTS"],
    "silero": ["SileroVAD"],
    "turn_detector": ["TurnDetector", "pre_download_model"],
}.items():
    module = ModuleType(f"videosdk.plugins.{name}")
    for symbol in symbols:
        setattr(module, symbol, lambda: None)
    sys.modules[module.__name__] = module

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "agent"))
import agent  # noqa: E402
from videosdk.agents import AgentSession, RoomOptions, build_openai_schema  # noqa: E402
from videosdk.agents.worker import _execute_job_entrypoint  # noqa: E402

logging.basicConfig(stream=sys.stderr, level=logging.INFO)


def put_out(line: dict) -> None:
    print(json.dumps(line), flush=True)


async def read_line() -> dict | None:
    line = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return json.loads(line) if line else None


async def talk(session: AgentSession) -> None:
    """In place of a room: the session starts, hears what stdin says, and ends."""
    await session_start(session)
    said: list[str] = []
    session.pipeline.orchestrator.on("content_generated", lambda data: said.append(data["text"]))
    put_out({"tools": [build_openai_schema(tool) for tool in session.agent.tools]})
    while (line := await read_line()) is not None:
        said.clear()
        if "caller" in line:
            await session.pipeline.process_text(line["caller"])
        else:
            await session.voice_mail_detector.callback()
        put_out({"agent": " ".join(said)})
    await session.close()


session_start = AgentSession.start
AgentSession.start = lambda self, **_: talk(self)


async def main() -> None:
    start = await read_line()
    options = RoomOptions(room_id="room-of-the-test", playground=False)
    await _execute_job_entrypoint(agent.entrypoint, options, start["metadata"], agent_id="web-shop")


asyncio.run(main())
