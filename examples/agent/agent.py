"""A phone agent that asks n8n during the call. README.md says how to run it.

Written against videosdk-agents 1.0.24. It was not run by the authors: VideoSDK cannot be reached from where this was written.
"""

import json
import os

from videosdk.agents import (
    Agent,
    AgentSession,
    JobContext,
    MCPServerHTTP,
    Options,
    Pipeline,
    RoomOptions,
    VoiceMailDetector,
    WorkerJob,
)
from videosdk.agents.plugins import DeepgramSTT, ElevenLabsTTS, OpenAILLM, SileroVAD, TurnDetector, pre_download_model

pre_download_model()

INSTRUCTIONS = """
You answer the phone for a web shop. Keep your answers short and friendly.

To know anything about the caller or an order, use your tools: never guess.
Before you use a tool, say a short sentence such as "One moment, I'll check that."
If a tool says that something is wrong with the arguments, ask the caller for what is missing.
If a tool fails, say that you cannot look it up right now, and offer to have a colleague call back.
"""


def tools_of(metadata: dict) -> list:
    """The tools that n8n handed over: with this call, as a secret of this agent, or with this session."""
    tools = metadata.get("n8nTools") or os.getenv("N8N_TOOLS") or "[]"
    return json.loads(tools) if isinstance(tools, str) else tools


def who_calls(metadata: dict) -> dict:
    """What n8n is told of the call: it comes out of the tool trigger as `headers`. The caller cannot change it."""
    call = {
        "x-call-id": metadata.get("callId"),
        "x-call-from": metadata.get("sipCallFrom"),
        "x-call-to": metadata.get("sipCallTo"),
        "x-call-type": metadata.get("callType"),
    }
    return {name: str(value) for name, value in call.items() if value}


def n8n_servers(metadata: dict) -> list:
    """The line that matters: each tool of n8n is an MCP server to this agent."""
    return [
        MCPServerHTTP(
            endpoint_url=tool["url"],
            request_headers={**tool["headers"], **who_calls(metadata)},
            session_timeout=tool["timeout"],
        )
        for tool in tools_of(metadata)
    ]


class PhoneAgent(Agent):
    def __init__(self, metadata: dict):
        super().__init__(instructions=INSTRUCTIONS, mcp_servers=n8n_servers(metadata))
        # The sound of a keyboard while a tool is at work, so that the line is not silent.
        self.set_thinking_audio()

    async def on_enter(self) -> None:
        await self.session.say("Hello, this is the web shop. How can I help you?")

    async def on_exit(self) -> None:
        await self.session.say("Goodbye!")


async def entrypoint(ctx: JobContext):
    agent = PhoneAgent(ctx.metadata)

    pipeline = Pipeline(
        stt=DeepgramSTT(),
        llm=OpenAILLM(),
        tts=ElevenLabsTTS(),
        vad=SileroVAD(),
        turn_detector=TurnDetector(),
    )

    async def on_voicemail():
        # Nobody is there: no message, and no costs for a talk to a machine.
        await agent.hangup()

    session = AgentSession(
        agent=agent,
        pipeline=pipeline,
        voice_mail_detector=VoiceMailDetector(llm=OpenAILLM(), duration=5.0, callback=on_voicemail),
    )

    await session.start(wait_for_participant=True, run_until_shutdown=True)


def make_context() -> JobContext:
    return JobContext(room_options=RoomOptions(name="Web shop", background_audio=True))


if __name__ == "__main__":
    options = Options(agent_id="web-shop", max_processes=4, register=True)
    job = WorkerJob(entrypoint=entrypoint, jobctx=make_context, options=options)
    job.start()
