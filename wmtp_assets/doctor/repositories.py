"""Whether the source can give what the jobs need: a token, licences, repositories, a mirror.

A repository whose locked files are all on the disk is asked for nothing: what is wrong with it is
worth a warning only. A token is never printed, nor what a server said.
"""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wmtp_assets.catalog import Repo
from wmtp_assets.doctor.lines import Line, State, fail, ok, warn
from wmtp_assets.doctor.plans import RepoRequest
from wmtp_assets.errors import BadInput
from wmtp_assets.files.regular import require_regular
from wmtp_assets.hub.api_schema import RepoInfo, TokenOwner
from wmtp_assets.hub.connection_errors import HubError, Unreachable
from wmtp_assets.hub.field_values import is_commit, shown_commit
from wmtp_assets.hub.file_formats import fault
from wmtp_assets.hub.http_errors import Refused
from wmtp_assets.hub.listing import listed
from wmtp_assets.hub.lock import LockedRepo, locked_repo
from wmtp_assets.hub.retry import Busy
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.hub.stored import find_locked
from wmtp_assets.setting_values import without_credentials
from wmtp_assets.source import RemoteFile, select
from wmtp_assets.store import Store

# One answer takes well below a second; the whole look ends within five.
SECONDS = 4
HUB_ERRORS = (TimeoutError, HubError, Unreachable)
TOKEN_FIX = "make a token at https://huggingface.co/settings/tokens and export HF_TOKEN"


class OtherCommit(BadInput):
    """The Hub answers with another commit than the one asked for."""

    def __init__(self, asked: str, offered: object):
        super().__init__(
            f"asked for {asked}, answered with {shown_commit(offered)}",
            (),
            "check HF_ENDPOINT: it must give the commit that it is asked for",
        )


class Api(Protocol):
    """What is asked of the Hub; each answer is one of success, or an error that is BadInput."""

    def whoami(self, seconds: float) -> TokenOwner: ...
    def repo_info(self, repo: Repo, revision: str, seconds: float) -> RepoInfo: ...
    def require_access(self, repo: Repo, seconds: float) -> None: ...


@dataclass(frozen=True)
class Asked:
    """What is wanted of a repository, what is locked of it, and whether that is all here."""

    wanted: RepoRequest
    locked: LockedRepo | None = None
    complete: bool = False

    @property
    def repo(self) -> Repo:
        return self.wanted.row.repo

    @property
    def name(self) -> str:
        return self.wanted.name

    @property
    def revision(self) -> str:
        """What a fetch asks for."""
        return self.locked.commit if self.locked else self.repo.revision

    def judged(self, line: Line) -> Line:
        """The line, as a warning where nothing more is needed of the repository."""
        if self.complete and line.state == State.FAIL:
            return warn(f"{line.what}; all its locked files are here", line.fix)
        return line


def asked(store: Store, wanted: RepoRequest) -> Asked:
    """Look up what the storage has of a repository.

    Raises:
        BadInput: The lock is damaged.
    """
    row = wanted.row
    locked = locked_repo(store.lock, row.repo)
    if locked is None:
        return Asked(wanted)
    try:
        complete = not find_locked(store, row, locked, wanted.files).missing
    except BadInput:
        complete = False
    return Asked(wanted, locked, complete)


def mirror_lines(mirror: MirrorSource, repos: list[Asked]) -> Iterator[Line]:
    """Whether the mirror holds the files of the catalog, with their stated sizes, and no other."""
    for ask in repos:
        repo = ask.repo
        try:
            files = select(listed(mirror, repo, ask.revision), ask.wanted.files)
        except BadInput as error:
            yield ask.judged(fail(f"mirror: {error.thing}: {'; '.join(error.culprits)}", error.fix))
            continue
        paths = {file.path: mirror.root / repo.id / file.path for file in files}
        wrong = [file.path for file in files if not _is_that(paths[file.path], file, mirror.root)]
        if wrong:
            what = f"mirror: missing, or no such file: {repo.id}: {', '.join(wrong[:5])}"
            yield ask.judged(fail(what, "complete the mirror; job write_mirror makes one"))
        else:
            yield ok(f"mirror holds {ask.name}, {len(files)} files")


def _is_that(path: Path, file: RemoteFile, root: Path) -> bool:
    """Whether a file has its stated size and the form of its name; its bytes are not hashed."""
    try:
        size = require_regular(path, root=root).st_size
        return file.size_bytes in (None, size) and fault(path, file.path) is None
    except (BadInput, OSError):
        return False


def hub_lines(
    api: Api, endpoint: str, offline: bool, token: bool, repos: list[Asked]
) -> Iterator[Line]:
    """Whether the Hub answers, knows the token, and gives each repository.

    Args:
        offline: Whether HF_HUB_OFFLINE is set.
        token: Whether there is a token.
    """
    if offline:
        line = fail("HF_HUB_OFFLINE is set", "unset it, or use WMTP_SOURCE=mirror")
        yield _all_here(line, repos)
        return
    asks: dict[str, Callable[[], object]] = {
        ask.repo.id: lambda ask=ask: _ask(api, ask) for ask in repos
    }
    if token:
        asks["whoami"] = lambda: api.whoami(SECONDS)
    answers = answers_within(SECONDS, asks)
    endpoint = without_credentials(endpoint)
    if all(isinstance(answer, HUB_ERRORS) for answer in answers.values()):
        yield _all_here(_hub_error(endpoint, list(answers.values())), repos)
        return
    yield ok(f"{endpoint} answers")
    yield _token_line(answers.get("whoami"), token, repos)
    for ask in repos:
        yield ask.judged(repo_line(ask, answers[ask.repo.id], token))


def environment_lines(error: HubError, repos: list[Asked]) -> Iterator[Line]:
    """What of the environment keeps every request from the Hub."""
    for reason in error.culprits or [error.reason]:
        yield _all_here(fail(f"network: {reason}", error.fix), repos)


def answers_within(seconds: float, asks: dict[str, Callable[[], object]]) -> dict[str, object]:
    """Ask all at once; an error is an answer, and so is TimeoutError when there was none.

    Threads that are still waiting do not keep the process.
    """
    answers: dict[str, object] = dict.fromkeys(asks, TimeoutError())
    done = threading.Event()
    left = threading.Semaphore(0)

    def ask(name: str) -> None:
        try:
            answer = asks[name]()
            if not done.is_set():
                answers[name] = answer
        except BadInput as error:
            if not done.is_set():
                answers[name] = error
        finally:
            left.release()

    for name in asks:
        threading.Thread(target=ask, args=(name,), daemon=True).start()
    timer = threading.Timer(seconds, lambda: left.release(len(asks)))
    timer.daemon = True
    timer.start()
    for _ in asks:
        left.acquire()
    timer.cancel()
    done.set()
    return answers


def _ask(api: Api, ask: Asked) -> None:
    repo = ask.repo
    answer = api.repo_info(repo, ask.revision, SECONDS)
    if repo.gated or answer.gated:
        api.require_access(repo, SECONDS)
    if is_commit(ask.revision) and answer.sha != ask.revision:
        raise OtherCommit(ask.revision, answer.sha)


def repo_line(ask: Asked, answer: object, token: bool) -> Line:
    """What an answer of the Hub means for a repository."""
    repo = ask.repo
    if answer is None:
        return ok(f"licence accepted: {ask.name}" if repo.gated else f"open to you: {ask.name}")
    if isinstance(answer, TimeoutError):
        return fail(f"no answer about {ask.name}", "look again; check the network")
    if isinstance(answer, Busy) and answer.status == 429:
        return warn(f"rate limit reached: {ask.name}", "wait some minutes; a token raises it")
    if isinstance(answer, Refused):
        return _refused_line(ask, answer, token)
    if isinstance(answer, Busy):
        return fail(f"HTTP {answer.status}: {ask.name}", "look again later; check HF_ENDPOINT")
    assert isinstance(answer, BadInput)
    why = "; ".join([getattr(answer, "reason", answer.thing), *answer.culprits])
    return fail(f"{why}: {ask.name}", answer.fix)


def _refused_line(ask: Asked, answer: Refused, token: bool) -> Line:
    if answer.code == "GatedRepo":
        accept = f"accept the licence at {ask.repo.url}, which may take a day"
        fix = accept if token else f"{accept}; {TOKEN_FIX}"
        return fail(f"gated, and not open to you: {ask.name}", fix)
    if answer.code == "RepoNotFound":
        fix = f"the name in {ask.repo.stated_in}, or a token that may read it"
        return fail(f"not found: {ask.name}", f"check {fix}")
    if answer.code == "RevisionNotFound":
        fix = "job renew_lock" if ask.locked else f"the revision in {ask.repo.stated_in}"
        return fail(f"revision {ask.revision} is gone: {ask.name}", f"see {fix}")
    if answer.status == 401:
        return fail(f"token refused for {ask.name}", TOKEN_FIX)
    fix = answer.fix
    if answer.status == 404:  # a mirror that does not say what it is that it does not have
        fix = "check HF_ENDPOINT: what answers there has it not"
    return fail(f"HTTP {answer.status}: {ask.name}", fix)


def _token_line(answer: object, token: bool, repos: list[Asked]) -> Line:
    if not token:
        gated = [ask.name for ask in repos if ask.repo.gated and not ask.complete]
        if gated:
            return fail(f"no token, needed for {', '.join(gated)}", TOKEN_FIX)
        return ok("no token, and none is needed")
    if isinstance(answer, TokenOwner):
        return ok("token is valid")
    if isinstance(answer, Refused) and answer.status == 401:
        return fail("token is not valid", TOKEN_FIX)
    return warn("token could not be proven", "look again in some minutes")


def _all_here(line: Line, repos: list[Asked]) -> Line:
    """A warning if every repository is complete on the disk, else the line with what is missing."""
    missing = [ask.repo.id for ask in repos if not ask.complete]
    if not missing:
        return warn(f"{line.what}; all locked files are here", line.fix)
    return fail(f"{line.what}; not on this disk yet: {', '.join(missing)}", line.fix)


def _hub_error(endpoint: str, answers: list[object]) -> Line:
    """One line for all: what is wrong is the way, and not a repository."""
    error = next((answer for answer in answers if isinstance(answer, HubError | Unreachable)), None)
    if error is None:
        return fail(f"{endpoint} does not answer", "check the network, the proxy and HF_ENDPOINT")
    return fail("; ".join([error.reason, *error.culprits]), error.fix)
