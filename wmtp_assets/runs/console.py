"""One line an event on the console of a command-line run, instead of hundreds of DEBUG lines."""

import logging
import sys

import dagster as dg
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.execution import context_creation_job

from wmtp_assets.markup import without_links
from wmtp_assets.printable import say
from wmtp_assets.runs.events import OUR_ERROR
from wmtp_assets.setting_values import without_credentials
from wmtp_assets.stopping import is_stopping

# The run config of a command that prints itself what the run was refused for.
TOLD_BY_CALLER = {"loggers": {"console": {"config": {"failures": False}}}}
# Event type -> how its line begins; events that are not here have no line.
SHOWN = {
    "STEP_START": "start",
    "STEP_SUCCESS": "done",
    "STEP_FAILURE": "FAILED",
    "STEP_SKIPPED": "skipped",
    # Dagster stores these under older names.
    dg.DagsterEventType.RUN_SUCCESS.value: "run succeeded",
    dg.DagsterEventType.RUN_FAILURE.value: "RUN FAILED",
    dg.DagsterEventType.RUN_CANCELED.value: "RUN CANCELED",
}


class OneLine(logging.Handler):
    """Prints steps, log lines of the assets, and checks that did not pass.

    Args:
        failures: Whether errors are printed; not where the caller says what the run raised.
    """

    def __init__(self, *, failures: bool = True):
        super().__init__()
        self._failures = failures

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        event = meta.get("dagster_event")
        if not self._failures and (record.levelno >= logging.ERROR or _is_of_failure(event)):
            return
        if event is None:
            # Without the run and the step, which Dagster puts in front of it.
            said = meta.get("orig_message") or record.getMessage()
            line = said if record.levelno >= logging.INFO else None
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            word = "warning" if check.severity == dg.AssetCheckSeverity.WARN else "FAILED"
            where = f"{check.asset_key.to_user_string()} {check.check_name}"
            says = without_links(check.description or "")
            line = None if check.passed else f"{word}: {where}: {says}"
        elif event.event_type_value == "STEP_START":
            line = None
        elif event.event_type_value in SHOWN:
            line = f"{SHOWN[event.event_type_value]} {event.step_key or _job_of(event)}"
            if event.event_type_value == "STEP_FAILURE":
                error = event.step_failure_data.error
                said = (error.cause or error).message.strip() if error else ""
                line += f": {OUR_ERROR.sub('', said)}" if said else ""
        else:
            line = None
        if line and not is_stopping():
            # A message of ours may have several lines; what an event quotes stays on one.
            lines = line.split("\n") if event is None else [line]
            say(*map(without_credentials, lines), file=sys.stderr)


def _job_of(event: dg.DagsterEvent) -> str:
    by_hand = event.job_name == IMPLICIT_ASSET_JOB_NAME
    return "of selected assets" if by_hand else f"of job {event.job_name}"


def _is_of_failure(event: dg.DagsterEvent | None) -> bool:
    return event is not None and event.event_type_value in (
        "STEP_FAILURE",
        dg.DagsterEventType.RUN_FAILURE.value,
    )


@dg.logger(config_schema={"failures": dg.Field(bool, default_value=True)})
def one_line_console(context: dg.InitLoggerContext) -> logging.Logger:
    """The console logger of this project's jobs."""
    logger = logging.Logger("wmtp_assets", level=logging.DEBUG)
    logger.addHandler(OneLine(failures=context.logger_config["failures"]))
    return logger


def log_one_line_an_event() -> None:
    """Let every run of this process log so, whose config names no logger.

    Dagster then takes a logger of its own, whatever `Definitions(loggers=...)` says: it tells
    nothing of a check that warns, and an error with its traceback, five times over.
    """
    of_no_config = [(one_line_console, {"failures": True})]
    context_creation_job.default_system_loggers = lambda instance: of_no_config  # pyright: ignore[reportPrivateImportUsage]
