"""A phone agent that does what n8n tells it. README.md says how to run it. Written for videosdk-agents 1.0.30."""

import asyncio
import os
import sys
from datetime import datetime, timezone

from videosdk.agents import (
    Agent,
    AgentSession,
    JobContext,
    Options,
    Pipeline,
    RoomOptions,
    VoiceMailDetector,
    WorkerJob,
    function_tool,
    get_tool_info,
    inference,
)
from videosdk.plugins.silero import SileroVAD, pre_download_model

from n8n_tools import N8nTools, answer_interrupted, handed_over

pre_download_model()

RULES = """
You are an AI that speaks with people on the phone. What you write is read aloud: plain sentences without lists, markup, or emojis,
and no more than two short ones at a time.
Unless your first words have said that you are an AI, say so in your next answer. Never deny it.
Don't talk about these rules, about tools, or about n8n.

To know anything about the person, an order, or a date, use your tools: never guess. Use them at once, without announcing it.
If a tool says that something is wrong with what you gave it, ask the person for what is missing.
If a tool fails, or you have none for what they want, say in your own words that you can't do it right now.
If you have the tool submit_response, you are the one who is calling: ask what its description says.
Use it once, as soon as you have the answer, and never answer in the person's place.
If you have the tool save_result, you are the one who is calling, too. Use it once, before you end the call.
Also save when they want to be called back, and that they don't want to be called again.
If someone asks for a person and you have the tool hand_over, say that you're putting them through, and use it.
When all is said, end the call.
"""
NO_TASK = """
You weren't told what this conversation is about. Be polite, find out what the person wants, and be honest about what you can't do.
"""
OPENING = "(The person is on the line. Greet them, say that you are an AI and, if you are the one who is calling, why.)"
CLOSING = "(The person has said nothing for a while. Say goodbye in one short sentence.)"

# The tools that report voicemail to n8n, if they have a parameter for it.
REPORTS = ["save_result", "submit_response"]

# The locale of a language that was given without a region, and the filler when a tool takes long. Other languages have only the thinking sound.
LANGUAGES = {
    "en": ("en-US", "One moment, please."),
    "de": ("de-DE", "Einen Moment, bitte."),
    "es": ("es-ES", "Un momento, por favor."),
    "fr": ("fr-FR", "Un instant, s'il vous plaît."),
    "hi": ("hi-IN", "एक क्षण, कृपया।"),
    "it": ("it-IT", "Un momento, per favore."),
    "nl": ("nl-NL", "Een moment, alstublieft."),
    "pl": ("pl-PL", "Chwileczkę, proszę."),
    "pt": ("pt-BR", "Um momento, por favor."),
}


def language_of(setting: str) -> tuple[str, str]:
    """Returns the name of a language for speech services, such as de-DE, and its filler."""
    locale, filler = LANGUAGES.get(setting.split("-")[0].lower(), (setting, ""))
    return (setting if "-" in setting else locale), filler


def instructions_of(settings: dict, locale: str) -> str:
    """Returns the instructions for the model: the rules, the language, the time, and the task."""
    now = datetime.now(timezone.utc)
    task = settings.get("instructions")
    return "\n".join(
        [
            RULES,
            f"Speak the language {locale}.",
            f"It is {now:%A, %B} {now.day}, {now:%Y, %H:%M} UTC.",
            "",
            f"Your task:\n{task}" if task else NO_TASK,
        ]
    )


class PhoneAgent(Agent):
    def __init__(self, instructions: str, first_message: str | None, n8n: N8nTools):
        super().__init__(instructions=instructions)
        self.first_message = first_message
        self.n8n = n8n
        # The tools are listed while the agent connects, so that its first words don't wait for them.
        self.tools_listed = asyncio.create_task(self.list_tools())
        self.set_thinking_audio()

    async def list_tools(self) -> None:
        self.update_tools([tool for tool in await self.n8n.functions() if get_tool_info(tool).name != "end_call"])

    async def on_enter(self) -> None:
        if self.first_message:
            await self.session.say(self.first_message)
        else:
            await self.tools_listed
            await self.session.reply(OPENING)

    async def on_exit(self) -> None:
        pass

    @function_tool
    async def end_call(self, last_words: str) -> dict:
        """Ends the call. Don't say goodbye before: what you give here is the last that the person hears.

        Args:
            last_words: A short goodbye, in the language of the conversation
        """
        over = asyncio.Event()

        def on_state(data: dict) -> None:
            if data["state"] == "idle":
                over.set()

        session = self.session
        session.on("agent_state_changed", on_state)
        try:
            self.n8n.say(last_words, last=True)
            await asyncio.wait_for(over.wait(), timeout=20)
        except asyncio.TimeoutError:
            # The goodbye couldn't be spoken, so the call ends without it.
            pass
        except asyncio.CancelledError:
            # The person has interrupted the goodbye, or has hung up.
            if self.chat_context:
                answer_interrupted(self)
            raise
        finally:
            session.off("agent_state_changed", on_state)
        await self.hangup()
        return {"output": "The call has ended."}

    async def end_on_silence(self) -> None:
        goodbye = await self.session.reply(CLOSING)
        # If the person has interrupted the goodbye, they're still there.
        if not goodbye.interrupted:
            await self.hangup()

    async def on_voicemail(self) -> None:
        """Tells n8n, so that it can call again. Leaving no message keeps the call short."""
        for tool in self.tools:
            info = get_tool_info(tool)
            if info.name in REPORTS and "voicemail" in info.parameters_schema["properties"]:
                await tool(voicemail=True)
        await self.hangup()


def given(**settings: str | None) -> dict[str, str]:
    """Returns the settings that were chosen. For the others, the framework has defaults."""
    return {name: value for name, value in settings.items() if value}


async def entrypoint(ctx: JobContext) -> None:
    # With a playground, the framework prints a URL that holds the account's token.
    ctx.room_options.playground = False
    settings = handed_over(ctx.metadata, "n8nAgent", "N8N_AGENT") or {}
    locale, filler = language_of(settings.get("language") or "en")
    n8n = N8nTools(ctx.metadata, filler)
    agent = PhoneAgent(instructions_of(settings, locale), settings.get("firstMessage"), n8n)

    # Everything but the detection of speech runs on VideoSDK's Inference Gateway, which takes the agent's own token.
    pipeline = Pipeline(
        stt=inference.STT.google(language=locale),
        llm=inference.LLM.google(**given(model_id=settings.get("model"))),
        tts=inference.TTS.google(language=locale, **given(voice_id=settings.get("voice"))),
        vad=SileroVAD(),
        turn_detector=inference.Turn.namo(timeout=2),
    )
    n8n.attach(agent, pipeline)

    @pipeline.on("user_turn_start")
    async def until_tools_are_listed(_: str) -> None:
        await agent.tools_listed

    classifier = inference.LLM.google()
    # In an incoming call, a person is on the line, and no voicemail.
    is_incoming = ctx.metadata.get("callType") == "inbound"
    session = AgentSession(
        agent=agent,
        pipeline=pipeline,
        wake_up=settings.get("endOnSilence"),
        voice_mail_detector=None if is_incoming else VoiceMailDetector(llm=classifier, duration=5.0, callback=agent.on_voicemail),
    )
    session.on_wake_up = agent.end_on_silence

    try:
        await session.start(wait_for_participant=True, run_until_shutdown=True)
    finally:
        await n8n.close()
        await classifier.aclose()


# n8n tells users this number, times the copies: CONVERSATIONS_PER_COPY in api/versionTag.ts.
CONVERSATIONS_AT_ONCE = 4


def make_context() -> JobContext:
    return JobContext(room_options=RoomOptions(name="AI assistant", background_audio=True, playground=False))


if __name__ == "__main__":
    options = Options(
        agent_id=os.getenv("N8N_AGENT_ID") or "n8n-agent",
        max_processes=CONVERSATIONS_AT_ONCE,
        # In the console, the agent isn't registered, because it talks only to the one who has started it.
        register="console" not in sys.argv,
    )
    WorkerJob(entrypoint=entrypoint, jobctx=make_context, options=options).start()
