"""Runs VideoSDK's own clients, unchanged; what they send to VideoSDK goes to SIMULATOR_URL.

One JSON line in, one out: {"cli": [arguments], "in": folder}: {"exit", "output"}; {"sip": method, "with": {...}}, {"room": true}:
{"answer"}; {"mcp": a tool as n8n hands it over, "call": {"name", "arguments"}}: {"tools", "answer"}. Errors: {"error"}.
"""

import asyncio
import json
import os
import sys

import aiohttp
import requests
from click.testing import CliRunner
from videosdk.agents import JobContext, MCPServerHTTP
from videosdk.agents.room._sip_manager import SIPManager
from videosdk.agents.utils import generate_videosdk_token
from videosdk_cli.main import cli
from videosdk_cli.utils.config_manager import set_config_value

API = "https://api.videosdk.live"
TOKEN = generate_videosdk_token()


def redirected(send):
    def redirect(session, method, url, *args, **options):
        return send(session, method, str(url).replace(API, os.environ["SIMULATOR_URL"]), *args, **options)

    return redirect


requests.Session.request = redirected(requests.Session.request)
aiohttp.ClientSession._request = redirected(aiohttp.ClientSession._request)


async def use_tool(tool: dict, call: dict) -> dict:
    """As Agent(mcp_servers=[...]) does it."""
    server = MCPServerHTTP(endpoint_url=tool["url"], request_headers=tool["headers"], session_timeout=tool["timeout"])
    await server.connect()
    tools = await server.get_available_tools()
    answer = await tools[0](**call["arguments"])
    await server.disconnect()
    return {"tools": [entry._tool_info.name for entry in tools], "answer": answer}


def do(line: dict) -> dict:
    if "cli" in line:
        os.chdir(line.get("in", "."))
        result = CliRunner().invoke(cli, line["cli"])
        return {"exit": result.exit_code, "output": result.output}
    if "sip" in line:
        manager = SIPManager(room_id=line["with"].pop("room", ""), auth_token=TOKEN)
        return {"answer": getattr(manager, line["sip"])(**line["with"])}
    if "room" in line:
        return {"answer": JobContext.create_room_static(TOKEN)}
    return asyncio.run(use_tool(line["mcp"], line["call"]))


set_config_value("VIDEOSDK_AUTH_TOKEN", TOKEN)
for text in sys.stdin:
    try:
        print(json.dumps(do(json.loads(text))), flush=True)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
