"""`hythe serve churn`: a version behind an endpoint, over HTTP."""

from __future__ import annotations

import json
import sys

from hythe.cli.common import COMMON, Common, say


def serve_command(
    ref: str,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    workers: int = 1,
    threads: int = 1,
    variant: str | None = None,
    common: Common = COMMON,
) -> None:
    """Serve a version over HTTP until told to stop. Its stored rows are replayed first.

    Parameters
    ----------
    ref
        The version: churn, churn:1.0.0, churn:champion or churn@sha256:….
    host
        The address to listen on.
    port
        The port to listen on; 0 takes a free one.
    workers
        How many processes answer.
    threads
        How many threads one model call may use.
    variant
        Which variant answers; the fastest proven one when left out.

    """
    from hythe.app.wire import opened
    from hythe.operations.serve import endpoint
    from hythe.runtime.supervisor import SupervisorConfig
    from hythe.server.serve import ServeConfig, serve

    config = ServeConfig(host=host, port=port, threads=threads, supervisor=SupervisorConfig(workers=workers))
    with opened(common.config()) as here:
        notice = here.registry.resolve(ref).notice
        with endpoint(here.registry, ref, variant, actor=here.actor) as spec:
            here.registry.close()  # serving never waits on the catalog
            version = f"{spec.name}:{spec.plan.arms[0].version}"

            def ready(address: str) -> None:
                if common.json:
                    document = {"endpoint": spec.name, "version": version, "url": address}
                    sys.stdout.write(json.dumps(document) + "\n")
                else:
                    if notice:
                        say(f"note: {notice}")
                    row = json.dumps({"rows": [spec.example]}, default=str) if spec.example else "…"
                    say(
                        f"{version} answers at {address}/predict/{spec.name}",
                        f"  curl {address}/predict/{spec.name} -d '{row}'",
                        f"  {address}/openapi.json   {address}/metrics   {address}/health/ready",
                        "stop it with Ctrl-C",
                    )
                sys.stdout.flush()

            serve([spec], config, ready)
