"""`hythe serve churn fraud`: versions behind endpoints, over HTTP and gRPC."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from hythe.base.keep_out import keep_out
from hythe.cli.common import COMMON, Bar, Common, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hythe.app.wire import Here
    from hythe.dataplane.spec import EndpointSpec
    from hythe.operations.placing import Placing
    from hythe.operations.serve import Served
    from hythe.operations.size import Size
    from hythe.server.serve import Addresses, Callers, ServeConfig

_PORT = 8080


def serve_command(  # noqa: PLR0913 - one option each
    *refs: str,
    host: str = "127.0.0.1",
    port: int | None = None,
    grpc_port: int | None = None,
    workers: int | Literal["auto"] = "auto",
    threads: int | Literal["auto"] = "auto",
    instances: int = 1,
    variant: str | None = None,
    environment: Literal["auto", "here", "lock"] = "auto",
    device: str = "cpu",
    tls_cert: str | None = None,
    tls_key: str | None = None,
    tls_client_ca: str | None = None,
    anonymous: bool | None = None,
    access_log: str = "off",
    join_share: float = 0.1,
    prediction_log: str = "off",
    log_share: float = 0.1,
    log_days: int = 30,
    log_leave_out: str = "",
    cache: str | None = None,
    cache_bytes: str | None = None,
    cache_stale: str | None = None,
    otlp: str | None = None,
    trace_share: float | None = None,
    common: Common = COMMON,
) -> None:
    """Serve versions over HTTP until told to stop. Their stored rows are replayed first.

    Parameters
    ----------
    refs
        The versions, each behind an endpoint of its model's name: churn, churn:1.0.0, churn:champion.
    host
        The address to listen on.
    port
        The port to listen on, 8080 where Vertex AI does not say another; 0 takes a free one.
    grpc_port
        The port for gRPC; 0 takes a free one. Without it there is no gRPC.
    workers
        How many processes answer; auto chooses from processors, memory and the models' times.
    threads
        How many threads one model call may use; auto chooses as for workers.
    instances
        How many calls of one model run at once in a process; a native model has as many children.
    variant
        Which variant answers; the fastest proven one when left out.
    environment
        Where a native model runs: here, in an environment as its lock says, or auto, which is here when its
        stored rows hold here and else the lock's, built on first use.
    device
        Where models compute: cpu, cuda:0, or auto for a GPU where there is one.
    tls_cert
        The PEM file of the certificate chain; when it changes, processes are replaced.
    tls_key
        The PEM file of the certificate's key.
    tls_client_ca
        The PEM file of those whose clients may call; others are turned away (mTLS).
    anonymous
        Let callers in without a key or token; by default only on a loopback address.
    access_log
        Where to write a JSON line for each request: a path, - for standard output, or off.
    join_share
        The share of predictions, 0 to 1, that is kept for feedback to be joined to.
    prediction_log
        Where to write rows of predictions as Parquet: a folder, a URL such as s3://bucket/rows, or off.
    log_share
        The share of predictions, above 0 to 1, whose rows are written to the prediction log.
    log_days
        For how many days rows stay in the prediction log.
    log_leave_out
        Features and outputs that are not written to the prediction log, with commas; sensitive columns never
        are.
    cache
        How long an answer is kept for equal rows: 60s, 5m, or off; as the endpoint's plan says when left out.
    cache_bytes
        How many bytes of answers each process keeps for each version; 64MiB when left out.
    cache_stale
        How long after that a kept answer may stand in for a version that fails; 0s when left out.
    otlp
        The URL of an OpenTelemetry collector that takes spans and metrics, such as http://127.0.0.1:4318.
    trace_share
        The share of requests, 0 to 1, traced when their caller has not decided; 0.01 with a collector.

    """
    from hythe.app.wire import opened
    from hythe.base.errors import Invalid
    from hythe.base.network import is_loopback
    from hythe.operations.caching import cache_change
    from hythe.operations.placing import Placing
    from hythe.operations.predictions.log import prediction_log as log_of
    from hythe.operations.size import size
    from hythe.runtime.metering import metering
    from hythe.runtime.session_config import SessionConfig
    from hythe.runtime.supervisor import SupervisorConfig
    from hythe.security.tls import tls_files
    from hythe.server.serve import Offer, ServeConfig, Server
    from hythe.server.tracing import tracing
    from hythe.server.worker_spec import Source

    if not refs:
        raise Invalid("there is nothing to serve; name a version, such as: hythe serve churn")
    settings = common.config()
    changes = cache_change(cache, cache_bytes, cache_stale)
    tls = tls_files(tls_cert, tls_key, tls_client_ca)
    with opened(settings) as here, ExitStack() as stack:
        chosen = size(here.registry, refs, variant, number(workers), number(threads), instances)
        placing = Placing(environment=environment, device=device, threads=chosen.threads)
        config = ServeConfig(
            host=host,
            port=_port() if port is None else port,
            grpc_port=grpc_port,
            tls=tls,
            anonymous=is_loopback(host) if anonymous is None else anonymous,
            access_log=log_place(access_log),
            join_share=join_share,
            prediction_log=log_of(prediction_log, log_share, log_days, log_leave_out),
            metering=metering(otlp, os.environ),
            tracing=tracing(otlp, trace_share, os.environ),
            session=SessionConfig(threads=chosen.threads, instances=instances, device=device),
            supervisor=SupervisorConfig(workers=chosen.workers),
            source=Source(str(settings.home), settings.catalog, variant, settings.issuers, placing),
        )
        served: list[Served] = []

        def prepare() -> Offer:
            with Bar() as bar:
                entering = _prepared(here, refs, variant, placing, bar, changes)
                served.append(stack.enter_context(entering))
                served[0].notices.extend(_vertex_notices())
                check_log(config, served[0])
            return Offer(tuple(served[0].endpoints), callers(here, config))

        def ready(addresses: Addresses) -> None:
            if common.json:
                sys.stdout.write(json.dumps(_document(addresses, served[0], config)) + "\n")
            else:
                _tell(addresses, served[0], config, chosen)
            sys.stdout.flush()

        Server(prepare, config).run(ready)


@contextmanager
def _prepared(
    here: Here,
    refs: Sequence[str],
    variant: str | None,
    placing: Placing,
    progress: Bar,
    changes: Mapping[str, Any],
) -> Iterator[Served]:
    """Replay the versions; what that takes is imported here, while the processes that serve start."""
    with keep_out("pandas"):
        from hythe.operations.serve import endpoints

        entering = endpoints(
            here.registry,
            refs,
            variant,
            actor=here.actor,
            placing=placing,
            progress=progress,
            changes=changes,
        )
        with entering as served:
            yield served


def check_log(config: ServeConfig, served: Served) -> None:
    """Refuse names to be left out of the prediction log that nobody has, before anything is served."""
    from hythe.operations.predictions.log import check_left_out

    if config.prediction_log is not None:
        check_left_out(
            config.prediction_log, [one.schema for spec in served.endpoints for one in spec.versions]
        )


def log_place(said: str) -> str:
    """Give the absolute path of the access log, `-` for standard output, "" for none."""
    return {"off": "", "-": "-"}.get(said, str(Path(said).absolute()))


def callers(here: Here, config: ServeConfig) -> Callers:
    """Find who may ask; what follows in the server asks the catalog no more, save its steward."""
    from hythe.base.errors import Invalid
    from hythe.operations.issuers import Issuers
    from hythe.operations.keys import key_entries
    from hythe.operations.usage import save_usage
    from hythe.runtime.limiter import Limiter
    from hythe.server.serve import Callers

    keys = key_entries(here.catalog)
    issuers = config.source.issuers if config.source else ()
    if not (config.anonymous or keys or issuers):
        raise Invalid(
            f"nobody could ask a server on {config.host}: it wants keys and there is none; make one with "
            "'hythe key create', or let everybody in with --anonymous"
        )

    def restore(limiter: Limiter) -> None:
        save_usage(here.catalog, limiter, keys, time.time())
        here.registry.close()

    return Callers(keys, Issuers(issuers).refresh() if issuers else (), restore)


def _document(addresses: Addresses, served: Served, config: ServeConfig) -> dict[str, Any]:
    endpoints = [{"endpoint": spec.name, "version": _version(spec)} for spec in served.endpoints]
    return {
        **endpoints[0],
        "url": addresses.url,
        "grpc": addresses.grpc or None,
        "endpoints": endpoints,
        "workers": config.supervisor.workers,
        "threads": config.session.threads,
        "instances": config.session.instances,
        "device": config.session.device,
        "anonymous": config.anonymous,
        "notices": served.notices,
    }


def _tell(addresses: Addresses, served: Served, config: ServeConfig, chosen: Size) -> None:
    url, specs = addresses.url, served.endpoints
    for notice in served.notices:
        say(f"note: {notice}")
    for spec in specs:
        say(f"{_version(spec)} answers at {url}/predict/{spec.name}")
        if (cache := spec.plan.cache) is not None:
            size = f"{cache.max_bytes / 2**20:.3g} MiB"
            say(f"  answers are kept for {cache.ttl_s:g} s, in {size} of each process for each version")
    row = json.dumps({"rows": [specs[0].example]}, default=str) if specs[0].example else "…"
    key = "" if config.anonymous else " -H 'Authorization: Bearer KEY'"
    say(f"  curl {url}/predict/{specs[0].name}{key} -d '{row}'")
    say(f"  {url}/docs   {url}/openapi.json   {url}/metrics   {url}/health/ready")
    if addresses.grpc:
        say(f"  gRPC (Open Inference Protocol): {addresses.grpc}")
    say(f"  workers: {chosen.workers}, threads of a model call: {chosen.threads} ({chosen.why})")
    if config.session.instances > 1 or config.session.device != "cpu":
        say(f"  instances of a model: {config.session.instances}, device: {config.session.device}")
    tell_log(config)
    say("  callers need a key: hythe key create" if not config.anonymous else "  callers need no key")
    if config.tracing is not None:
        share = config.tracing.share
        say(f"  traces: {config.tracing.endpoint}, of {share:.3%} of requests without one of their caller's")
    if config.metering is not None:
        say(f"  metrics: {config.metering.endpoint}, every {config.metering.interval_s:g} s")
    say("stop it with Ctrl-C")


def tell_log(config: ServeConfig) -> None:
    """Say where rows are written, where they are."""
    if (log := config.prediction_log) is not None:
        share = "all predictions" if log.share == 1 else f"{log.share:.3%} of predictions"
        say(f"  prediction log: {log.place}, rows of {share}, kept for {log.days} days")


def _version(spec: EndpointSpec) -> str:
    return f"{spec.plan.model or spec.name}:{spec.plan.arms[0].version}"


def number(given: int | Literal["auto"]) -> int | None:
    """Give the number that was asked for; None leaves it to be chosen."""
    return None if given == "auto" else given


def _port() -> int:
    """Give the port where the command line names none: the one that Vertex AI wants, else 8080."""
    if not os.environ.get("AIP_HTTP_PORT"):
        return _PORT
    from hythe.server.http.vertex import vertex_port

    return vertex_port(os.environ) or _PORT


def _vertex_notices() -> list[str]:
    """Say what Vertex AI offers and this server leaves aside."""
    if not os.environ.get("AIP_STORAGE_URI"):
        return []
    from hythe.server.http.vertex import vertex_notice

    return [vertex_notice(os.environ)]
