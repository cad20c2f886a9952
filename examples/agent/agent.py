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
If you have the tool save_result, you are the one who is calling, too: ask the question below, and nothing else.
Use it once, before you say goodbye. Also save when they want to be called back, and that they don't want to be called again.
If someone asks for a person and you have the tool hand_over, say that you're putting them through, and use it.
If a tool fails or you have none, say that you can't look it up right now, and offer to have a colleague call back.
"""


# What the model is told of the metadata that n8n sends with a call.
TOLD = ["name", "question", "localTime"]


class PhoneAgent(Agent):
    def __init__(self, tools: list, metadata: dict):
        told = "\n".join(f"{key}: {metadata[key]}" for key in TOLD if key in metadata)
        super().__init__(instructions=f"{INSTRUCTIONS}\n{told}", tools=tools)
        by_name = {get_tool_info(tool).name: tool for tool in tools}
        self.save_result = by_name.get("save_result")
        # n8n has made this call.
        self.asks = self.save_result is not None or "submit_response" in by_name
        # The sound of a keyboard while a tool is at work, so that the line isn't silent.
        self.set_thinking_audio()

    async def on_enter(self) -> None:
        await self.session.say(
            "Hello, this is the web shop's AI assistant. This call may be recorded. I have a short question."
            if self.asks
            else "Hello, this is the web shop's AI assistant. How can I help you?"
        )

    async def on_exit(self) -> None:
        await self.session.say("Goodbye!")


async def entrypoint(ctx: JobContext):
    agent = PhoneAgent(await n8n_tools(ctx.metadata), ctx.metadata)

    pipeline = Pipeline(
        stt=DeepgramSTT(),
        llm=OpenAILLM(),
        tts=ElevenLabsTTS(),
        vad=SileroVAD(),
        turn_detector=TurnDetector(),
    )

    async def on_voicemail():
        # So that n8n can call again. Leaving no message keeps the call short.
        if agent.save_result:
            await agent.save_result(voicemail=True)
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
