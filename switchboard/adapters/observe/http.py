"""``/health`` and ``/metrics``: on a port of their own, for loopback or the private network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web
from msgspec import Struct, json
from prometheus_client import CollectorRegistry, generate_latest


class Health(Struct, frozen=True):
    """``ok``: callers are served as they should be. ``problems`` says what is not as it should be, in words."""

    ok: bool
    problems: tuple[str, ...]
    waiting: int
    calls: int
    policy: str


async def serve_observation(
    host: str, port: int, registry: CollectorRegistry, health: Callable[[], Awaitable[Health]]
) -> web.AppRunner:
    """Start to listen; the caller cleans the runner up. Raises ``OSError`` when the port is taken."""

    async def get_health(_request: web.Request) -> web.Response:
        state = await health()
        return web.Response(body=json.encode(state), content_type="application/json", status=200 if state.ok else 503)

    async def get_metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": "text/plain; version=0.0.4"})

    app = web.Application()
    app.router.add_get("/health", get_health)
    app.router.add_get("/metrics", get_metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
