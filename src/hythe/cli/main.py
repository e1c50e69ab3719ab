"""The command line: a table of commands, each in the file of its name, read only when it is called."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from cyclopts import App

from hythe.base.errors import CallerError, HytheError

_COMMANDS = {
    "pack": "Prove a model and store it as a version.",
    "check": "Replay the stored rows of a version and say whether it still answers the same.",
    "show": "Show what a version holds: schema, proof, metrics, lineage.",
    "list": "List models and their versions.",
    "alias": "Point a name such as churn:champion at a version.",
    "approve": "Record that a version passed review.",
    "reject": "Record that a version did not pass review.",
    "trust": "Let a version's own code or pickle run here.",
    "push": "Send a version to an OCI registry.",
    "pull": "Fetch a version from an OCI registry.",
    "export": "Write a version as an image; write rules, dashboards, runbooks.",
    "history": "Show who changed what, when and why.",
    "fsck": "Check every stored byte and record.",
    "gc": "Remove what nothing names.",
    "up": "Serve all endpoints, and run the control plane, on this machine.",
    "serve": "Serve a version over HTTP.",
    "control": "Run the control API, the controller that moves rollouts, and the monitor.",
    "endpoint": "Make endpoints, and say what they do with their traffic.",
    "rollout": "Move an endpoint to another version on evidence.",
    "rollback": "Serve again what an endpoint served before.",
    "feedback": "Tell what became of predictions.",
    "key": "Make, list and end API keys.",
    "predict": "Answer rows from a file, here or against a server.",
    "replay": "Compare how two versions answer recorded rows.",
    "drift": "Compare rows of files with what a version was made for.",
    "load": "Send requests at a fixed rate and measure latencies.",
    "top": "Watch a running server.",
    "observe": "Show what an endpoint's versions did lately.",
    "monitor": "Show how an endpoint does: traffic, values, performance, alerts.",
    "alerts": "Show what needs somebody, and say who looks after it.",
}
EXIT_OK, EXIT_FAILED, EXIT_USAGE = 0, 1, 2

app = App(
    name="hythe",
    help="Hythe: where models land. Pack a trained model, prove its answers, serve it.",
    help_epilogue="Start with: hythe pack MODEL --name NAME --examples ROWS",
)
for _name, _help in _COMMANDS.items():
    app.command(f"hythe.cli.{_name}:{_name}_command", name=_name, help=_help)
app.register_install_completion_command()


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit code: 0 done, 1 a check failed, 2 asked wrongly."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    # What reads Markdown takes long to import, and only the help of single commands has any.
    app.help_format = "markdown" if tokens and tokens[0] in _COMMANDS else "plaintext"
    try:
        code = app(tokens, result_action="return_value")
    except HytheError as err:
        _report(err, as_json="--json" in tokens)
        sys.exit(EXIT_USAGE if isinstance(err, CallerError) else EXIT_FAILED)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        sys.stderr.close()
        sys.exit(EXIT_OK)
    sys.exit(code if isinstance(code, int) else EXIT_OK)


def _report(err: HytheError, *, as_json: bool) -> None:
    if as_json:
        document = {"error": {"code": err.code, "message": str(err)}}
        sys.stderr.write(json.dumps(document) + "\n")
    else:
        sys.stderr.write(f"hythe: {err}\n")


if __name__ == "__main__":
    main()
