"""A phone agent that asks n8n during the call. README.md says how to run it. Written for videosdk-agents 1.0.30."""

from videosdk.agents import (
    Agent,
    AgentSession,
    JobContext,
    Options,
    Pipeline,
    RoomOptions,
    VoiceMailDetector,
    WorkerJob,
    get_tool_info,
)
from videosdk.agents.plugins import DeepgramSTT, ElevenLabsTTS, OpenAILLM, SileroVAD, TurnDetector, pre_download_model

from n8n_tools import n8n_tools

pre_download_model()

INSTRUCTIONS = """
You answer the phone for a web shop. Keep your answers short and friendly.

To know anything about the caller or an order, use your tools: never guess.
Before you use a tool, say a short sentence such as "One moment, I'll check that."
If a tool says that something is wrong with the arguments, ask the caller for what is missing.
If you have the tool submit_response, you are the one who is calling: ask what its description says, and nothing else.
Use it once, as soon as you have the answer, and then say goodbye. Never answer in place of the person.
If a tool fails or you have none, say that you can't look it up right now, and offer to have a colleague call back.
"""


class PhoneAgent(Agent):
    def __init__(self, tools: list):
        super().__init__(instructions=INSTRUCTIONS, tools=tools)
        # Call: Ask and Wait has made this call.
        self.asks = any(get_tool_info(tool).name == "submit_response" for tool in tools)
        # The sound of a keyboard while a tool is at work, so that the line isn't silent.
        self.set_thinking_audio()

    async def on_enter(self) -> None:
        await self.session.say(
            "Hello, this is the web shop's AI assistant. I have a short question."
            if self.asks
            else "Hello, this is the web shop. How can I help you?"
        )

    async def on_exit(self) -> None:
        await self.session.say("Goodbye!")


async def entrypoint(ctx: JobContext):
    agent = PhoneAgent(await n8n_tools(ctx.metadata))

    pipeline = Pipeline(
        stt=DeepgramSTT(),
        llm=OpenAILLM(),
        tts=ElevenLabsTTS(),
        vad=SileroVAD(),
        turn_detector=TurnDetector(),
    )

    async def on_voicemail():
        # No one is there, so there is no message, and talking to a machine costs nothing.
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
