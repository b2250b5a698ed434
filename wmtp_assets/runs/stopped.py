"""What a run that did not end well made, what it did not, and the command that goes on from there.

Pure: events.py notes what happens in a run, lines for a console come out. Derived files are always
made anew, so the command selects only what is not made and proven, where that is less than the job.
"""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wmtp_assets.printable import printable
from wmtp_assets.setting_values import without_credentials

MAX_NAMES = 8
MAX_REASONS = 5
MAX_REASON = 400
MODULE = "wmtp_assets.definitions"
INTERRUPTED = "it was interrupted (Ctrl-C, SIGTERM)"
# They are about the other assets: job report writes them, by itself where the page runs.
DOCUMENTS = ("reports/", "signoff/")
APPROVAL = "signoff/approval"
# Job whose checks failed -> the job that mends what they judge; its asset is never selected.
MENDED_BY = {"verify_backup": "backup_storage"}


@dataclass
class RunProgress:
    """What is known of a run so far.

    Attributes:
        job: Its name; None for assets that were selected by hand.
        assets: The assets that it is to make.
        checks: Asset -> the names of its checks that are to be evaluated.
        config: Its run config.
        running: The steps that have begun and not ended.
        made: The assets that it made.
        evaluated: Asset -> the checks that were evaluated.
        failed: Asset -> the checks of them that failed as errors.
        warned: "asset check" of those that failed as warnings.
        reasons: One line for each failed check and step.
        interrupted: Whether somebody stopped it.
    """

    job: str | None
    assets: frozenset[str] = frozenset()
    checks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    evaluated: dict[str, set[str]] = field(default_factory=dict)
    failed: dict[str, set[str]] = field(default_factory=dict)
    warned: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)
    interrupted: bool = False

    def check(self, asset: str, name: str, failed: str | None, *, warns: bool = False) -> None:
        """An evaluated check.

        Args:
            failed: What it found, if it failed as an error.
            warns: Whether it failed as a warning, which stops nothing.
        """
        self.evaluated.setdefault(asset, set()).add(name)
        if warns:
            self.warned.add(f"{asset} {name}")
        if failed is not None:
            self.failed.setdefault(asset, set()).add(name)
            self.reasons.append(f"{asset} {name}: {failed}")

    def failure(self, step: str, error: str) -> None:
        """A failed step, other than by its failed checks."""
        self.reasons.append(f"{step}: {error}")

    @property
    def stopped(self) -> bool:
        return self.interrupted or bool(self.reasons)

    @property
    def not_made(self) -> frozenset[str]:
        return self.assets - self.made

    @property
    def unproven(self) -> frozenset[str]:
        """Assets with a check that failed or was not evaluated, not made ones aside."""
        return frozenset(
            asset
            for asset, names in self.checks.items()
            if self.failed.get(asset) or names - self.evaluated.get(asset, set())
        ).difference(self.not_made)


def stop_lines(progress: RunProgress, command: str) -> Iterator[str]:
    """The last lines of a run that stopped; none of one that did not.

    Args:
        command: What goes on from there.
    """
    if not progress.stopped:
        return
    if progress.assets:
        made = progress.made & progress.assets
        yield f"made: {_counted(made)} of {len(progress.assets)}"
        yield f"not made: {_counted(progress.not_made)}"
    elif progress.checks:
        proven = progress.checks.keys() - progress.unproven
        yield f"passed: {_counted(proven)} of {len(progress.checks)} assets"
    else:
        yield f"not done: job {progress.job}"
    if progress.unproven:
        yield f"not proven, a check failed or did not run: {_counted(progress.unproven)}"
    reasons = [*progress.reasons, *([INTERRUPTED] if progress.interrupted else [])]
    for reason in reasons[:MAX_REASONS]:
        yield f"because: {_one_line(reason)}"
    if len(reasons) > MAX_REASONS:
        yield f"because: and {len(reasons) - MAX_REASONS} more"
    yield f"go on: {command}"


def end_line(progress: RunProgress) -> str:
    """What a run that ended well made and checked; nothing of one that did neither."""
    told = [f"made: {_counted(progress.made)}"] if progress.made else []
    if checks := sum(map(len, progress.evaluated.values())):
        warned = f", warned: {_counted(progress.warned)}" if progress.warned else ""
        told.append(f"checks passed: {checks - len(progress.warned)}{warned}")
    return "; ".join(told)


def resume_command(progress: RunProgress, program: str) -> str:
    """The command that goes on from where a run stopped, as typed in a shell.

    Args:
        program: How `dagster` is called here.
    """
    if _only_the_approval(progress):
        return f"{Path(program).with_name('python')} -m wmtp_assets.signoff status"
    again = f"{program} job execute -m {MODULE} -j {progress.job}{_config_file(progress)}"
    open_ones = progress.not_made | progress.unproven
    if not progress.assets:
        return _mend(progress, program) or again
    if progress.job and (open_ones == progress.assets or not open_ones <= progress.assets):
        return again
    return _materialize(progress, program, open_ones & progress.assets or progress.assets)


def _only_the_approval(progress: RunProgress) -> bool:
    """Whether all is made, and what failed is the approval, with documents that tell of it.

    The run made or checked what it could; what suspends an approval, `status` says.
    """
    documents = all(asset.startswith(DOCUMENTS) for asset in progress.failed)
    all_ran = not progress.not_made and progress.unproven <= progress.failed.keys()
    return APPROVAL in progress.failed and documents and all_ran


def _mend(progress: RunProgress, program: str) -> str | None:
    """What makes stored files anew whose checks failed: the same bytes would fail again."""
    if not progress.failed or progress.interrupted:
        return None
    if progress.job in MENDED_BY:
        return f"{program} job execute -m {MODULE} -j {MENDED_BY[progress.job]}"
    artifacts = [asset for asset in progress.failed if not asset.startswith(DOCUMENTS)]
    if artifacts:
        return _materialize(progress, program, artifacts)
    return f"{program} job execute -m {MODULE} -j report"


def _materialize(progress: RunProgress, program: str, assets: Iterable[str]) -> str:
    command = f"{program} asset materialize -m {MODULE}"
    selected = shlex.quote(",".join(sorted(assets)))
    # How it ran and logged goes with it; the config of ops is of the job alone.
    kept = {
        name: v for name, v in progress.config.items() if name in ("execution", "loggers") and v
    }
    config = f" --config-json {shlex.quote(json.dumps(kept))}" if kept else ""
    return f"{command} --select {selected}{config}"


def _config_file(progress: RunProgress) -> str:
    """The run config but for the loggers, as a file: `job execute` takes no other form."""
    kept = {name: v for name, v in progress.config.items() if name != "loggers" and v}
    return f" -c <(echo {shlex.quote(json.dumps(kept))})" if kept else ""


def _counted(names: Iterable[str]) -> str:
    """`3 (a, b, c)`; of many the first."""
    names = sorted(names)
    first = names[:MAX_NAMES]
    if len(names) > MAX_NAMES:
        first.append(f"and {len(names) - MAX_NAMES} more")
    return f"{len(names)} ({', '.join(first)})" if names else "0"


def _one_line(reason: str) -> str:
    line = without_credentials(printable(" ".join(reason.split())))
    return line if len(line) <= MAX_REASON else f"{line[:MAX_REASON]}..."
