"""An Asterisk that has recordings, and does unkind things with them."""

from __future__ import annotations

from types import TracebackType

from aiohttp import web


class RecordingAri:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.live: set[str] = set()
        self.away = False
        """Every request is answered with 500."""
        self.breaks_off = False
        """A file's connection breaks in its midst."""
        self.port = 0
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> RecordingAri:
        app = web.Application(middlewares=[self._mind])
        app.router.add_get("/ari/recordings/stored", self._stored)
        app.router.add_get("/ari/recordings/live/{name}", self._live)
        app.router.add_get("/ari/recordings/stored/{name}/file", self._file)
        app.router.add_delete("/ari/recordings/stored/{name}", self._delete)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    @web.middleware
    async def _mind(self, request: web.Request, handler: object) -> web.StreamResponse:
        if "Authorization" not in request.headers:
            return web.json_response({"message": "Authentication required"}, status=401)
        if self.away:
            return web.json_response({"error": "Allocation failed"}, status=500)
        response: web.StreamResponse = await handler(request)  # type: ignore[operator]
        return response

    async def _stored(self, _: web.Request) -> web.Response:
        return web.json_response([{"name": name, "format": "wav"} for name in (*self.files, "somebody-elses")])

    async def _live(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self.live:
            return web.json_response({"message": "Recording not found"}, status=404)
        return web.json_response({"name": name, "format": "wav", "state": "recording", "target_uri": "bridge:1"})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        content = self.files.get(request.match_info["name"])
        if content is None:
            return web.json_response({"message": "Recording not found"}, status=404)
        response = web.StreamResponse(headers={"Content-Length": str(len(content))})
        await response.prepare(request)
        if self.breaks_off:
            await response.write(content[: len(content) // 2])
            assert request.transport is not None
            request.transport.abort()
            return response
        await response.write(content)
        return response

    async def _delete(self, request: web.Request) -> web.Response:
        if self.files.pop(request.match_info["name"], None) is None:
            return web.json_response({"message": "Recording not found"}, status=404)
        return web.Response(status=204)
