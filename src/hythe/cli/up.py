"""`hythe up`: serving, control API and controller on one machine, with nothing to configure."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from cyclopts import Parameter

from hythe.base.errors import Invalid
from hythe.base.keep_out import keep_out
from hythe.base.network import is_loopback
from hythe.cli.common import COMMON, Bar, Common, say
from hythe.cli.control import control_config, tell_control
from hythe.cli.serve import callers, check_log, log_place, number, tell_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hythe.app.wire import Here
    from hythe.dataplane.spec import EndpointSpec
    from hythe.operations.serve import Served
    from hythe.security.tls import Tls
    from hythe.server.serve import Addresses, Offer, ServeConfig


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class UpOptions:
    """Where everything listens, and how what is served runs."""

    host: str = "127.0.0.1"
    """The address to listen on, for predictions and for the control API."""

    port: int = 8080
    """The port for predictions; 0 takes a free one."""

    control_port: int = 8079
    """The port of the control API; 0 takes a free one."""

    grpc_port: int | None = None
    """The port for gRPC; 0 takes a free one. Without it there is no gRPC."""

    workers: int | Literal["auto"] = "auto"
    """How many processes answer; auto chooses from processors, memory and the models' times."""

    threads: int | Literal["auto"] = "auto"
    """How many threads one model call may use; auto chooses as for workers."""

    tls_cert: str | None = None
    """The PEM file of the certificate chain; when it changes, processes are replaced."""

    tls_key: str | None = None
    """The PEM file of the certificate's key."""

    tls_client_ca: str | None = None
    """The PEM file of those whose clients may call; others are turned away (mTLS)."""

    environment: Literal["auto", "here", "lock"] = "auto"
    """Where native models run: here, in an environment as their lock says, or auto."""

    device: str = "cpu"
    """Where models compute: cpu, cuda:0, or auto for a GPU where there is one."""

    anonymous: bool | None = None
    """Let callers in without a key or token; by default, and to the control API always, on a loopback address
    alone."""

    access_log: str = "off"
    """Where to write a JSON line for each request: a path, - for standard output, or off."""

    join_share: float = 0.1
    """The share of predictions, 0 to 1, that is kept for feedback to be joined to."""

    prediction_log: str = "off"
    """Where to write rows of predictions as Parquet: a folder, a URL such as s3://bucket/rows, or off."""

    log_share: float = 0.1
    """The share of predictions, above 0 to 1, whose rows are written to the prediction log."""

    log_days: int = 30
    """For how many days rows stay in the prediction log."""

    log_leave_out: str = ""
    """Features and outputs that are not written to the prediction log, with commas; sensitive columns never
    are."""

    otlp: str | None = None
    """The URL of an OpenTelemetry collector that takes spans and metrics, such as http://127.0.0.1:4318."""

    trace_share: float | None = None
    """The share of requests, 0 to 1, traced when their caller has not decided; 0.01 with a collector."""

    @property
    def tls(self) -> Tls | None:
        """The files of certificates; raises Invalid where one is missing."""
        from hythe.security.tls import tls_files

        return tls_files(self.tls_cert, self.tls_key, self.tls_client_ca)

    def settled(self, here: Here, common: Common) -> ServeConfig:
        """Say how the server is to run; what is left open follows from the machine and the catalog."""
        from hythe.operations.placing import Placing
        from hythe.operations.predictions.log import prediction_log
        from hythe.operations.size import size_of_all
        from hythe.runtime.metering import metering
        from hythe.runtime.session_config import SessionConfig
        from hythe.runtime.supervisor import SupervisorConfig
        from hythe.server.serve import ServeConfig
        from hythe.server.tracing import tracing
        from hythe.server.worker_spec import Source

        chosen = size_of_all(here.registry, None, number(self.workers), number(self.threads))
        placing = Placing(environment=self.environment, device=self.device, threads=chosen.threads)
        where = common.config()
        return ServeConfig(
            host=self.host,
            port=self.port,
            grpc_port=self.grpc_port,
            tls=self.tls,
            anonymous=is_loopback(self.host) if self.anonymous is None else self.anonymous,
            access_log=log_place(self.access_log),
            join_share=self.join_share,
            prediction_log=prediction_log(
                self.prediction_log, self.log_share, self.log_days, self.log_leave_out
            ),
            metering=metering(self.otlp, os.environ),
            tracing=tracing(self.otlp, self.trace_share, os.environ),
            session=SessionConfig(threads=chosen.threads, device=self.device),
            supervisor=SupervisorConfig(workers=chosen.workers),
            source=Source(
                str(where.home), where.catalog, issuers=where.issuers, placing=placing, follow_all=True
            ),
        )


_USUAL = UpOptions()


def up_command(*, options: UpOptions = _USUAL, common: Common = COMMON) -> None:
    """Serve every endpoint, run the control API and the controller, and monitor, until told to stop.

    Endpoints that are made, moved or removed meanwhile are followed.
    """
    from hythe.app.wire import opened
    from hythe.control.roles import processes
    from hythe.server.serve import Offer, Server

    local = is_loopback(options.host)
    control = control_config(
        common,
        options.host,
        options.control_port,
        anonymous=options.anonymous if local else None,
        tls=options.tls,
        otlp=options.otlp,
    )
    with opened(common.config()) as here, ExitStack() as stack:
        config = options.settled(here, common)
        beside = stack.enter_context(processes(control, config.supervisor.drain_s))
        served: list[Served] = []

        def prepare() -> Offer:
            with Bar() as bar:
                served.append(stack.enter_context(_prepared(here, config, bar)))
                if served[0].endpoints:
                    _note_log(config, served[0])
            return Offer(tuple(served[0].endpoints), callers(here, config))

        def ready(addresses: Addresses) -> None:
            if common.json:
                sys.stdout.write(json.dumps(_document(addresses, beside.url, served[0], config)) + "\n")
            else:
                _tell(addresses, served[0], config)
                tell_control(beside.url, anonymous=control.anonymous)
                say(
                    "rollouts are moved and endpoints monitored: hythe monitor NAME",
                    "stop it all with Ctrl-C",
                )
            sys.stdout.flush()

        Server(prepare, config, beside).run(ready)


@contextmanager
def _prepared(here: Here, config: ServeConfig, progress: Bar) -> Iterator[Served]:
    """Replay what is served; what that takes is imported here, while the processes that serve start."""
    with keep_out("pandas"):
        from hythe.operations.serve_all import all_endpoints

        placing = config.source.placing if config.source else None
        with all_endpoints(here.registry, placing=placing, progress=progress) as served:
            yield served


def _note_log(config: ServeConfig, served: Served) -> None:
    """Note names to be left out of the prediction log that nobody has; endpoints made later may have them."""
    try:
        check_log(config, served)
    except Invalid as err:
        served.notices.append(str(err))


def _document(addresses: Addresses, control: str, served: Served, config: ServeConfig) -> dict[str, Any]:
    return {
        "url": addresses.url,
        "control": control,
        "grpc": addresses.grpc or None,
        "endpoints": [{"endpoint": spec.name, "versions": _shares(spec)} for spec in served.endpoints],
        "workers": config.supervisor.workers,
        "threads": config.session.threads,
        "device": config.session.device,
        "anonymous": config.anonymous,
        "notices": served.notices,
    }


def _tell(addresses: Addresses, served: Served, config: ServeConfig) -> None:
    url = addresses.url
    for notice in served.notices:
        say(f"note: {notice}")
    for spec in served.endpoints:
        arms = ", ".join(f"{version} {share:.3g}" for version, share in _shares(spec).items())
        say(f"endpoint {spec.name} answers at {url}/predict/{spec.name} ({arms})")
    if not served.endpoints:
        say("no endpoints yet: hythe endpoint create NAME MODEL:VERSION")
    say(f"predictions: {url}   {url}/docs   {url}/openapi.json   {url}/metrics   {url}/health/ready")
    if addresses.grpc:
        say(f"gRPC (Open Inference Protocol): {addresses.grpc}")
    tell_log(config)
    if not config.anonymous:
        say("callers need a key: hythe key create")


def _shares(spec: EndpointSpec) -> dict[str, float]:
    """Give each version's share of the traffic."""
    total = sum(arm.weight for arm in spec.plan.arms)
    return {arm.version: arm.weight / total for arm in spec.plan.arms if arm.weight}
