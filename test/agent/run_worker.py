"""Runs agent/agent.py as a worker that VideoSDK offers conversations. Replaced are VideoSDK's registry, and what a conversation is: it lasts
until it's ended.

OPTIONS has other values for the worker's options, such as {"num_idle_processes": 1}; JOBS is a folder for what jobs leave.
One JSON line in, one out: {"offer": [jobs]}, all at the same moment: {"available": [bool]}; {"assign": [jobs]}: {"statuses"}, "running" once
their processes run, and {"seconds"} until then; {"end": job}: {"status"}; {"memory": true}: {"processes": [MB]}.
{}: {"registered": seconds from its start until then, "host": of its port}. Ends when its input does.
"""

import asyncio
import json
import logging
import os
import sys
import time
from pathlib import Path

BEGAN = time.monotonic()
FOLDER = Path(os.environ["JOBS"])

sys.path.insert(0, str(Path(__file__).parents[2] / "agent"))


def replace_speech() -> None:
    """The model of the real detection is downloaded when it's first used."""
    from videosdk.plugins import silero

    silero.pre_download_model = lambda: None


replace_speech()

import agent  # noqa: E402
from aiohttp import WSMsgType, web  # noqa: E402
from videosdk.agents import JobContext, WorkerJob, worker  # noqa: E402


async def hold(ctx: JobContext) -> None:
    """A conversation, in a process of its own."""
    job = str(ctx.metadata["job"])
    (FOLDER / f"{job}.begun").touch()
    while not (FOLDER / f"{job}.ended").exists():
        await asyncio.sleep(0.02)


class Registry:
    """VideoSDK's registry: it offers conversations, and assigns those that are taken."""

    def __init__(self):
        self.socket: web.WebSocketResponse | None = None
        self.registered = asyncio.Event()
        self.answers: dict[tuple[str, str], asyncio.Queue] = {}

    def answer(self, kind: str, job: str) -> asyncio.Queue:
        return self.answers.setdefault((kind, job), asyncio.Queue())

    async def listen(self) -> str:
        app = web.Application()
        app.add_routes([web.get("/agent", self.serve)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return "ws://127.0.0.1:%d" % runner.addresses[0][1]

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        self.socket = web.WebSocketResponse()
        await self.socket.prepare(request)
        async for message in self.socket:
            if message.type != WSMsgType.TEXT:
                continue
            line = json.loads(message.data)
            if line["type"] == "register":
                await self.socket.send_json({"type": "register", "success": True, "worker_id": "worker"})
                self.registered.set()
            elif line["type"] in ("availability_response", "job_update"):
                self.answer(line["type"], line["job_id"]).put_nowait(line)
        return self.socket

    async def offer(self, *jobs: str) -> list[bool]:
        for job in jobs:
            await self.socket.send_json({"type": "availability_request", "job_id": job, "room_id": job})
        return [(await self.answer("availability_response", job).get())["available"] for job in jobs]

    async def assign(self, *jobs: str) -> list[str]:
        for job in jobs:
            line = {"type": "job_assignment", "job_id": job, "room_id": job, "metadata": {"job": job}, "room_options": {}}
            await self.socket.send_json(line)
        return [(await self.answer("job_update", job).get())["status"] for job in jobs]


def memory_mb() -> list[int]:
    """Returns the memory of each process of this one, of which each shared page counts in parts (PSS)."""
    group = os.getpgrp()
    sizes = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getpgid(int(folder.name)) == group:
                [pss] = [line for line in (folder / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:")]
                sizes.append(round(int(pss.split()[1]) / 1024))
        except (OSError, ValueError):
            continue
    return sorted(sizes, reverse=True)


async def talk(registry: Registry, host: str) -> None:
    def say(answer: dict) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    await registry.registered.wait()
    registered = {"registered": round(time.monotonic() - BEGAN, 2), "host": host}
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        if "offer" in asked:
            say({"available": await registry.offer(*asked["offer"])})
        elif "assign" in asked:
            since = time.monotonic()
            statuses = await registry.assign(*asked["assign"])
            for job, status in zip(asked["assign"], statuses):
                while status == "running" and not (FOLDER / f"{job}.begun").exists():
                    if not registry.answer("job_update", job).empty():
                        status = (await registry.answer("job_update", job).get())["status"]
                        statuses[asked["assign"].index(job)] = status
                    await asyncio.sleep(0.02)
            say({"statuses": statuses, "seconds": round(time.monotonic() - since, 2)})
        elif "end" in asked:
            (FOLDER / f"{asked['end']}.ended").touch()
            say({"status": (await registry.answer("job_update", asked["end"]).get())["status"]})
        elif "memory" in asked:
            say({"processes": memory_mb()})
        else:
            say(registered)
    os.killpg(0, 9)


def main() -> None:
    os.setpgid(0, 0)
    registry = Registry()
    initialize = worker.Worker.initialize

    async def initialized(self, *args) -> None:
        url = await registry.listen()

        async def fetch(**_) -> str:
            return url

        worker.fetch_agent_init_config = fetch
        self.talking = asyncio.create_task(talk(registry, self.options.host))
        await initialize(self, *args)

    worker.Worker.initialize = initialized
    agent.preload()
    options = agent.make_options()
    options.register = True
    options.port = 0
    for name, value in json.loads(os.environ.get("OPTIONS", "{}")).items():
        setattr(options, name, value)
    WorkerJob(entrypoint=hold, jobctx=agent.make_context, options=options).start()


if __name__ == "__main__":
    answers = sys.stdout
    # What the framework prints goes to the log.
    sys.stdout = sys.stderr
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    main()
