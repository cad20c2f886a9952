"""When a conversation ends by itself: nobody says anything, or its time is up."""

import asyncio

from videosdk.agents import AgentSession, AgentState, UserState

# How long the line may be silent before the agent asks whether the person is still there, and from then until it hangs up.
SILENCE_S = 30
ANSWER_S = 15
# The framework ends a job's process after an hour, and nothing hangs up the phone then (worker.py, videosdk-agents 1.0.30), so the agent says
# goodbye before. until: the framework lets a job say how long it may take.
LONGEST_JOB_S = 58 * 60


def seconds_of(settings: dict, name: str) -> float | None:
    """Returns a setting that is a number of seconds. None if it's missing, or something else."""
    value = settings.get(name)
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


class Silence:
    """Notices that nobody has said anything for a while. What the agent looks up isn't silence."""

    def __init__(self, limit_s: float, free: asyncio.Event):
        """`free` is set while no tool is at work."""
        # Whether the person has been asked since they last said something.
        self.asked = False
        self._limit_s = limit_s
        self._free = free
        self._changed = asyncio.Event()
        self._session: AgentSession | None = None

    def attach(self, session: AgentSession) -> None:
        self._session = session
        session.on("agent_state_changed", lambda _: self._changed.set())
        session.on("user_state_changed", lambda _: self._changed.set())

    def heard(self) -> None:
        """The person has said something that was understood. Other sounds may be a radio."""
        self.asked = False
        self._changed.set()

    def _is_silent(self) -> bool:
        session = self._session
        agent_is_silent = session.agent_state in (AgentState.IDLE, AgentState.LISTENING)
        return agent_is_silent and session.user_state != UserState.SPEAKING and self._free.is_set()

    async def over(self) -> None:
        """Returns when it has lasted too long."""
        while True:
            self._changed.clear()
            if not self._free.is_set():
                await self._free.wait()
            elif not self._is_silent():
                await self._changed.wait()
            else:
                try:
                    await asyncio.wait_for(self._changed.wait(), ANSWER_S if self.asked else self._limit_s)
                except asyncio.TimeoutError:
                    if self._is_silent():
                        return
