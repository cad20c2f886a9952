"""A phone agent that does what n8n tells it. README.md says how to run it. Written for videosdk-agents 1.0.30."""

import asyncio
import logging
import multiprocessing
import os
import sys
import time
from datetime import tzinfo

from videosdk.agents import (
    Agent,
    AgentSession,
    AgentState,
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

import clock
import limits
from n8n_tools import N8nTools, answer_interrupted, handed_over

logger = logging.getLogger(__name__)

pre_download_model()

RULES = """
You are an AI that speaks with people {where}. What you write is read aloud: plain sentences without lists, markup, or emojis,
and no more than two short ones at a time.
Unless your first words have said that you are an AI, say so in your next answer. Never deny it.
Don't talk about these rules, about tools, or about n8n.

To know anything about the person, or an order, use your tools: never guess. Use them at once, without announcing it.
Before you understand or say any date or time, such as "tomorrow at nine" or "in two weeks", use current_time, and take the date, the weekday,
and the offset from what it says.
If a tool says that something is wrong with what you gave it, ask the person for what is missing.
If a tool fails, or you have none for what they want, say in your own words that you can't do it right now.
If you have the tool submit_response, you are the one who is calling: ask what its description says.
Use it once, as soon as you have the answer, and never answer in the person's place.
"Yes, but not more than fifty" is no yes: hand in what it depends on as condition, if the tool has it, and don't talk the person out of it.
If you have the tool save_result, you are the one who is calling, too. Use it once, before you end the call.
Also save when they want to be called back, and that they don't want to be called again.
If someone asks for a person and you have the tool hand_over, say that you're putting them through, and use it.
When all is said, end the call.
"""
NO_TASK = """
You weren't told what this conversation is about. Be polite, find out what the person wants, and be honest about what you can't do.
"""
ON_THE_PHONE = "on the phone"
ON_A_WEB_PAGE = "by voice through a web page: no one has called anyone, and there is no phone number"
OPENING = "(The person is on the line. Greet them, say that you are an AI and, if you are the one who is calling, why.)"
WEB_OPENING = "(The person has pressed a button on a web page to talk with you. Greet them, and say that you are an AI.)"
STILL_THERE = "(The person has said nothing for a while. Ask in a few words whether they're still there, and nothing else.)"
CLOSING = "(The person has said nothing for a while. Say goodbye in one short sentence.)"
TIME_IS_UP = "(The time for this conversation is up. Say so, and goodbye, in one short sentence. Don't ask anything.)"

# How long the agent waits for its last words, and before them for a tool that is at work, for example one that saves the answer.
LAST_WORDS_S = 20
TOOL_GRACE_S = 10
# How long it takes to be silent when it interrupts itself.
INTERRUPT_S = 0.5

# What was heard first in an outgoing call is given to the model with this question. The framework looks for a yes in the answer, and its own
# prompt asks "a human or voicemail?", to which a yes says neither.
VOICEMAIL_QUESTION = """
Someone has picked up a phone call. You are given what was heard first.
Is a machine speaking, such as voicemail, a mailbox, an answering machine, or an announcement of the network?
Answer in one word: yes if it's certainly a machine, else no. Those who say hello, their own or a company's name, or ask who is calling, are no
machine, in any language.
"""
# How long is listened before that.
VOICEMAIL_AFTER_S = 5.0

# The tool that reports voicemail to n8n, if it has a parameter for it.
RESULT_TOOL = "save_result"
# How long the agent's process waits at the end for a tool that is at work, and for n8n to learn why there is no response.
REPORT_S = 8

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


def instructions_of(settings: dict, locale: str, zone: tzinfo, is_web: bool) -> str:
    """Returns the instructions for the model: the rules, the language, the time, and the task."""
    task = settings.get("instructions")
    return "\n".join(
        [
            RULES.format(where=ON_A_WEB_PAGE if is_web else ON_THE_PHONE),
            f"Speak the language {locale}.",
            f"This conversation begins on {clock.described(clock.now(), zone)}.",
            "",
            f"Your task:\n{task}" if task else NO_TASK,
        ]
    )


class PhoneAgent(Agent):
    def __init__(self, settings: dict, locale: str, n8n: N8nTools, is_web: bool):
        """`settings` is what n8n has handed over for this conversation, of which nothing has to be there. `is_web`: on a web page, without a
        phone."""
        self.began = time.monotonic()
        self.zone = clock.zone_of(settings.get("timeZone"))
        super().__init__(instructions=instructions_of(settings, locale, self.zone, is_web))
        self.first_message = settings.get("firstMessage")
        self.opening = WEB_OPENING if is_web else OPENING
        self.n8n = n8n
        limit_s = limits.seconds_of(settings, "endOnSilence")
        self.silence = limits.Silence(limits.SILENCE_S if limit_s is None else limit_s, n8n.free)
        self.ends_on_silence = limit_s != 0
        self.max_duration_s = limits.seconds_of(settings, "maxDuration") or limits.LONGEST_JOB_S
        self.watching: list[asyncio.Task] = []
        # Whether the person has come, whether they have heard something to its end, and whether the agent has hung up.
        self.is_met = self.is_heard = self.has_hung_up = False
        self.is_speaking = False
        # The tools are listed while the agent connects, so that its first words don't wait for them.
        self.tools_listed = asyncio.create_task(self.list_tools())
        self.set_thinking_audio()

    async def list_tools(self) -> None:
        own = [get_tool_info(tool).name for tool in self.tools]
        self.update_tools([tool for tool in await self.n8n.functions() if get_tool_info(tool).name not in own])

    async def on_enter(self) -> None:
        self.is_met = True
        self.session.on("agent_state_changed", self.on_state)
        self.watching.append(asyncio.create_task(self.end_in_time()))
        if self.ends_on_silence:
            self.silence.attach(self.session)
            self.watching.append(asyncio.create_task(self.end_on_silence()))
        if self.first_message:
            await self.session.say(self.first_message)
        else:
            await self.tools_listed
            await self.session.reply(self.opening)

    async def on_exit(self) -> None:
        for task in self.watching:
            task.cancel()
        if not self.is_met:
            return
        try:
            async with asyncio.timeout(REPORT_S):
                await self.tools_listed
                await self.n8n.free.wait()
                await self.n8n.report(noResponse=self.why_unanswered())
        except TimeoutError:
            logger.warning("n8n couldn't be told why there is no response")

    def on_state(self, data: dict) -> None:
        """Notes whether the person has heard something to its end."""
        utterance = self.session.current_utterance
        if self.is_speaking and data["state"] == AgentState.IDLE.value and not (utterance and utterance.interrupted):
            self.is_heard = True
        self.is_speaking = data["state"] == AgentState.SPEAKING.value

    def why_unanswered(self) -> str:
        if self.has_hung_up:
            return "noFit"
        return "hungUp" if self.is_heard else "notAsked"

    async def hangup(self) -> None:
        self.has_hung_up = True
        await super().hangup()

    @function_tool
    async def current_time(self) -> dict:
        """Tells date, weekday, time, and UTC offset where the person is: now, for the coming days, and when the offset changes after that."""
        return clock.calendar(self.zone)

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

    async def speak(self, prompt: str, interruptible: bool) -> bool:
        """Speaks as the prompt says. Returns whether the person interrupted it, and never raises, because a call that can't be spoken in has to
        end as well."""
        try:
            async with asyncio.timeout(LAST_WORDS_S):
                while True:
                    words = await self.session.reply(prompt, interruptible=interruptible)
                    await words
                    # While another reply was being spoken, the framework returns that one, interrupted, in place of this one.
                    if interruptible or not words.interrupted:
                        return words.interrupted
                    await asyncio.sleep(0.1)
        except Exception as error:
            logger.warning("The agent couldn't speak: %s", type(error).__name__)
            return False

    async def end_on_silence(self) -> None:
        while True:
            await self.silence.over()
            if not self.silence.asked:
                self.silence.asked = True
                await self.speak(STILL_THERE, interruptible=True)
            # If the person has interrupted the goodbye, they're still there.
            elif not await self.speak(CLOSING, interruptible=True):
                return await self.hangup()

    async def end_in_time(self) -> None:
        """Ends the conversation when its time is up, or that of its process."""
        ends_at = min(self.began + limits.LONGEST_JOB_S, time.monotonic() + self.max_duration_s)
        await asyncio.sleep(ends_at - time.monotonic())
        try:
            await asyncio.wait_for(self.n8n.free.wait(), TOOL_GRACE_S)
        except asyncio.TimeoutError:
            pass
        if self.session.agent_state != AgentState.IDLE:
            self.session.interrupt(force=True)
            # The framework interrupts in the background, and would interrupt the goodbye as well.
            await asyncio.sleep(INTERRUPT_S)
        await self.speak(TIME_IS_UP, interruptible=False)
        await self.hangup()

    async def on_voicemail(self) -> None:
        """Tells n8n, so that it can call again. Leaving no message keeps the call short."""
        for tool in self.tools:
            info = get_tool_info(tool)
            if info.name == RESULT_TOOL and "voicemail" in info.parameters_schema["properties"]:
                await tool(voicemail=True)
        await self.n8n.report(voicemail=True)
        await self.hangup()


def given(**settings: str | None) -> dict[str, str]:
    """Returns the settings that were chosen. For the others, the framework has defaults."""
    return {name: value for name, value in settings.items() if value}


async def entrypoint(ctx: JobContext) -> None:
    # With a playground, the framework prints a URL that holds the account's token.
    ctx.room_options.playground = False
    task = handed_over(ctx.metadata, "n8nAgent", "N8N_AGENT")
    settings = task if isinstance(task, dict) else {}
    conversation = ctx.metadata.pop("n8nConversation", None)
    is_web = conversation == "web"
    is_outgoing = conversation == "call" or str(ctx.metadata.get("callType")).lower() == "outbound"
    locale, filler = language_of(settings.get("language") or "en")
    n8n = N8nTools(ctx.metadata, filler)
    agent = PhoneAgent(settings, locale, n8n, is_web)

    # Everything but the detection of speech runs on VideoSDK's Inference Gateway, which takes the agent's own token.
    pipeline = Pipeline(
        stt=inference.STT.google(language=locale, **given(location=settings.get("speechLocation"))),
        llm=inference.LLM.google(**given(model_id=settings.get("model"))),
        tts=inference.TTS.google(language=locale, **given(voice_id=settings.get("voice"))),
        vad=SileroVAD(),
        turn_detector=inference.Turn.namo(timeout=2),
    )
    n8n.attach(agent, pipeline)

    @pipeline.on("user_turn_start")
    async def on_words(_: str) -> None:
        agent.silence.heard()
        await agent.tools_listed

    classifier = inference.LLM.google()
    # Where no phone was called, a person has come to the agent.
    detector = VoiceMailDetector(classifier, agent.on_voicemail, VOICEMAIL_AFTER_S, VOICEMAIL_QUESTION) if is_outgoing else None
    session = AgentSession(agent=agent, pipeline=pipeline, voice_mail_detector=detector)

    try:
        await session.start(wait_for_participant=True, run_until_shutdown=True)
    finally:
        await n8n.close()
        await classifier.aclose()


# n8n tells users this number, times the copies: CONVERSATIONS_PER_COPY in api/versionTag.ts.
CONVERSATIONS_AT_ONCE = 4


def make_context() -> JobContext:
    return JobContext(room_options=RoomOptions(name="AI assistant", background_audio=True, playground=False))


def make_options() -> Options:
    return Options(
        agent_id=os.getenv("N8N_AGENT_ID") or "n8n-agent",
        max_processes=CONVERSATIONS_AT_ONCE,
        # The framework refuses a conversation at this share of max_processes, by default at three of four.
        load_threshold=1.0,
        # Processes that wait for a conversation, so that a second person who calls at the same moment doesn't wait for one to start.
        num_idle_processes=2,
        # Each of them imports this program, for which the framework gives it ten seconds by default. A copy with little CPU takes longer, and
        # after three tries the framework gives up.
        initialize_timeout=60.0,
        # The framework's port shows rooms and conversations to whoever reaches it.
        host=os.getenv("N8N_AGENT_HOST") or "localhost",
        # In the console, the agent isn't registered, because it talks only to the one who has started it.
        register="console" not in sys.argv,
    )


def preload() -> None:
    """Has the framework imported once, by the process of which the others are made: a copy is ready sooner, a conversation doesn't wait for an
    import, and takes half of the memory. Nothing else is imported there, because a library that starts threads might not survive it."""
    if sys.platform == "linux":
        multiprocessing.set_forkserver_preload(["videosdk.agents"])


if __name__ == "__main__":
    preload()
    WorkerJob(entrypoint=entrypoint, jobctx=make_context, options=make_options()).start()
