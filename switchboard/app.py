"""Builds everything and wires it: the only file that knows all the parts."""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog

from switchboard.adapters.asterisk.connection import AriConnection, State
from switchboard.adapters.asterisk.feed import AsteriskFeed
from switchboard.adapters.asterisk.queue_log_follower import QueueLogFollower
from switchboard.adapters.asterisk.recording_files import AsteriskRecordings
from switchboard.adapters.asterisk.settings import AriSettings
from switchboard.adapters.asterisk.telephony import AsteriskTelephony, Trunk
from switchboard.adapters.log.sqlite import SqliteLog
from switchboard.adapters.mail.smtp import SmtpServer
from switchboard.adapters.observe.http import Health, serve_observation
from switchboard.adapters.observe.lag import LoopLag
from switchboard.adapters.observe.logs import log_what_happened
from switchboard.adapters.observe.metrics import Metrics
from switchboard.adapters.observe.systemd import Systemd
from switchboard.adapters.pins.hashed import HashedPins
from switchboard.adapters.postgres.directory import PostgresDirectory, open_directory_pool
from switchboard.adapters.postgres.follow import Follower
from switchboard.adapters.postgres.local_directory import LocalDirectory
from switchboard.adapters.postgres.pool import Pool
from switchboard.adapters.postgres.recorder import PostgresRecords, open_records_pool
from switchboard.adapters.postgres.replica import Replica
from switchboard.adapters.postgres.voicemail import PostgresVoicemailPost
from switchboard.config.load import load
from switchboard.config.problems import BadConfig
from switchboard.config.settings import Settings
from switchboard.config.watch import watch
from switchboard.core.facts import PolicyLoaded, SwitchLost
from switchboard.core.policy import Policy
from switchboard.engine.clock import SteadyClock
from switchboard.engine.courier import Courier
from switchboard.engine.loop import Loop
from switchboard.engine.patrol import Patrol
from switchboard.engine.ports import Refused
from switchboard.engine.postman import Postman
from switchboard.engine.recorder import Recorder
from switchboard.engine.vigil import Vigil

_log = structlog.get_logger()
_LATE_DELIVERY_S = 10.0
"""Entries older than this that are not in Postgres are a problem worth telling."""
_SCHEMA_AGAIN_S = 30.0
_CLOCK_EVERY_S = 2.0
_TOLD_BEYOND_S = 1.0
_LITTLE_ROOM_MB = 200
"""Some days' facts and entries, were Postgres away so long."""


class Stopped(Exception):
    """Somebody asked us to stop (SIGTERM, SIGINT)."""


class Service:
    """Everything one running switchboard consists of."""

    def __init__(self, settings: Settings, policy: Policy, log: SqliteLog, look_ups: Pool, records: Pool) -> None:
        self._settings = settings
        self._systemd = Systemd(os.environ)
        self._policy = policy
        self._schema_problem = ""
        self._event_log = log
        clock = self._clock = log.clock = SteadyClock(log.last_at_ms, log.going)
        self._metrics = Metrics(lambda: self._loop.exchange)
        self._lag = LoopLag(self._metrics.registry)
        folder = settings.recordings or settings.data / "recordings"
        ari_settings = AriSettings(
            url=settings.ari_url.removesuffix("/ari"),
            user=settings.ari_user,
            password=settings.ari_password,
            phones=_phones(policy),
        )
        store = AsteriskRecordings(ari_settings, folder, make=settings.recordings is None)
        self._courier = Courier(store, lambda: self._loop.exchange.floor, log.submit, clock)
        self._metrics.read_courier(self._courier)
        self._postman = self._postman_of(settings, PostgresVoicemailPost(records), folder)
        self._metrics.read_postman(self._postman)
        self._loop = Loop(log, clock, (log_what_happened, self._metrics.observe, self._courier.observe))
        feed = AsteriskFeed(self._loop.post, ari_settings.app)
        self._ari = AriConnection(ari_settings, feed, on_state=self._switch_state)
        self._pins = HashedPins(settings.pins, feed.pins.take)
        self._metrics.read_switch(self._ari.counts.messages, self._ari.counts.requests)
        self._telephony = AsteriskTelephony(self._ari, ari_settings.app, Trunk())
        self._patrol = Patrol(self._loop, self._telephony, clock)
        self._vigil = Vigil(self._loop, self._telephony, clock)
        self._replica = Replica(settings.data / "directory.db", clock)
        self._follower = Follower(settings.database_url, self._replica, clock)
        itself = PostgresDirectory(look_ups, policy.timezone, clock)
        self._directory = LocalDirectory(self._replica, itself, policy.timezone, clock)
        self._metrics.directory_age_s.set_function(lambda: self._replica.age_ms() / 1000)
        self._queue_log = (
            QueueLogFollower(settings.queue_log, lambda: self._loop.exchange.floor.bookmark, self._loop.post)
            if settings.queue_log is not None
            else None
        )
        self._metrics.clock_ahead_s.set_function(lambda: clock.ahead_ms() / 1000)
        self._recorder = Recorder(log, PostgresRecords(records, log.identity), self._loop.kept)
        self._metrics.undelivered_s.set_function(lambda: self._recorder.lag_ms() / 1000)

    def _postman_of(self, settings: Settings, post: PostgresVoicemailPost, folder: Path) -> Postman:
        smtp = settings.smtp
        mail = SmtpServer(smtp.host, smtp.port, smtp.tls, smtp.user, smtp.password) if smtp is not None else None
        sender = smtp.sender if smtp is not None else ""
        return Postman(
            post, mail, self._event_log.submit, lambda: self._policy, self._clock, folder=folder, sender=sender
        )

    async def run(self) -> None:
        """Serve until asked to stop. Raises what no waiting mends, in an ``ExceptionGroup``."""
        replayed = await self._loop.rebuild()
        self._look_at_the_clock()
        self._event_log.remember_clock(self._clock.going)
        _log.info("service.starting", replayed=replayed, position=self._loop.position, policy=self._policy.version)
        self._loop.post(SwitchLost("this process has just begun"))
        if self._loop.exchange.floor.current_version != self._policy.version:
            self._loop.post(PolicyLoaded(self._policy))
        observation = await serve_observation(
            self._settings.http_host, self._settings.http_port, self._metrics.registry, self._health
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_until_told_to_stop())
                tasks.create_task(self._systemd.stay_alive())
                tasks.create_task(self._loop.run(self._telephony, self._directory, self._pins))
                tasks.create_task(self._ari.run())
                tasks.create_task(self._patrol.run())
                tasks.create_task(self._vigil.run())
                tasks.create_task(self._recorder.run())
                tasks.create_task(self._courier.run())
                tasks.create_task(self._postman.run())
                tasks.create_task(self._follower.run())
                if self._queue_log is not None:
                    tasks.create_task(self._queue_log.run())
                else:
                    _log.warning("queue_log.none", reason="SWITCHBOARD_QUEUE_LOG is not set: calls that Asterisk's own "
                                 "queue serves while the service is away will not be on record")  # fmt: skip
                tasks.create_task(self._follow_config(self._settings.config))
                tasks.create_task(self._settle())
                tasks.create_task(self._lag.run())
                tasks.create_task(self._keep_time())
                self._systemd.ready()
        except* Stopped:
            _log.info("service.stopping")
            self._systemd.stopping()
        finally:
            await self._loop.take_snapshot()
            self._replica.close()
            await observation.cleanup()

    async def _keep_time(self) -> None:
        """Somebody may set the machine's clock: go by it again as soon as nothing lasts."""
        told_s = 0.0
        while True:
            await asyncio.sleep(_CLOCK_EVERY_S)
            self._look_at_the_clock()
            ahead_s = self._clock.ahead_ms() / 1000
            if abs(ahead_s - told_s) > _TOLD_BEYOND_S:
                told_s = ahead_s
                _log.warning("clock.apart", ahead_s=round(ahead_s, 1))

    def _look_at_the_clock(self) -> None:
        idle = self._loop.exchange.is_idle and not self._loop.waiting
        if idle and self._clock.draw_near(self._event_log.last_at_ms):
            self._event_log.remember_clock(self._clock.going)
            _log.warning("clock.set", ahead_s=round(self._clock.ahead_ms() / 1000, 1))

    async def _follow_config(self, folder: Path) -> None:
        """Take a new policy as soon as the files give one; a broken edit changes nothing."""
        async for result in watch(folder, self._policy):
            if isinstance(result, BadConfig):
                _log.error("policy.refused", problems=[str(problem) for problem in result.problems])
                continue
            if _phones(result) != _phones(self._policy):
                self._ari.resync("the staff's phones changed", phones=_phones(result))
            self._policy = result
            self._loop.post(PolicyLoaded(result))

    async def _settle(self) -> None:
        """What a start need not wait for. From its end on the garbage collector leaves out what is there by then, over
        a hundred thousand objects of the libraries: each time it walked them, calls stood still for 60 ms."""
        known = await self._schema_is_known()
        gc.freeze()
        while not known:
            await asyncio.sleep(_SCHEMA_AGAIN_S)
            known = await self._schema_is_known()

    async def _schema_is_known(self) -> bool:
        """Look, beside serving, whether the database has our tables: callers are served either way."""
        from switchboard.adapters.postgres.schema import schema_state  # noqa: PLC0415  half a second of imports

        try:
            state = await asyncio.to_thread(schema_state, self._settings.database_url)
        except Refused as refused:
            _log.warning("schema.unknown", reason=refused.why, again_in_s=_SCHEMA_AGAIN_S)
            return False
        if not state.current:
            self._schema_problem = str(state)
            _log.error("schema.wrong", reason=str(state))
        return True

    def _switch_state(self, state: State, why: str) -> None:
        self._metrics.switch_ready.set(state is State.READY)
        self._systemd.status(f"Asterisk is {state}{f': {why}' if why else ''}")

    async def _health(self) -> Health:
        floor = self._loop.exchange.floor
        lag_s = self._recorder.lag_ms() / 1000
        problems = []
        if self._ari.state is not State.READY:
            problems.append(f"Asterisk is {self._ari.state}")
        if self._schema_problem:
            problems.append(self._schema_problem)
        free_mb = shutil.disk_usage(self._settings.data).free // 1_000_000
        if free_mb < _LITTLE_ROOM_MB:
            problems.append(f"only {free_mb} MB are free in {self._settings.data}; without room no call can be served")
        if (look_ups := self._follower.problem()) is not None:
            problems.append(look_ups)
        if self._queue_log is not None and (unread := self._queue_log.problem()) is not None:
            problems.append(unread)
        if (recordings := self._courier.problem()) is not None:
            problems.append(recordings)
        if (mail := self._postman.problem()) is not None:
            problems.append(mail)
        if (late := self._lag.problem()) is not None:
            problems.append(late)
        if lag_s > _LATE_DELIVERY_S:
            problems.append(f"Postgres is {lag_s:.0f} s behind; records wait in the log")
        return Health(
            ok=not problems,
            problems=tuple(problems),
            waiting=sum(len(line_up) for line_up in floor.waiting.values()),
            calls=len(floor.calls),
            policy=floor.current_version or "",
        )


def _phones(policy: Policy) -> tuple[str, ...]:
    return tuple(sorted(person.phone for person in policy.people.values()))


async def _until_told_to_stop() -> None:
    told = asyncio.Event()
    running = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        running.add_signal_handler(number, told.set)
    await told.wait()
    raise Stopped


async def run_service(settings: Settings) -> None:
    """Load the config and serve. Raises ``BadConfig``, ``LogUnusable``, ``AriUnusable``, ``AriReplaced``."""
    policy = load(settings.config)
    settings.data.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        look_ups = await stack.enter_async_context(closing_pool(await open_directory_pool(settings.database_url)))
        records = await stack.enter_async_context(closing_pool(await open_records_pool(settings.database_url)))
        log = SqliteLog(settings.data / "switchboard.db")
        stack.callback(log.close)
        await Service(settings, policy, log, look_ups, records).run()


@asynccontextmanager
async def closing_pool(pool: Pool) -> AsyncIterator[Pool]:
    """Close it in the end, at once: connections to a Postgres that does not answer must not hold us up."""
    try:
        yield pool
    finally:
        pool.terminate()
