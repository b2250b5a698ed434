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
from wmtp_assets.doctor.plans import Wanted
from wmtp_assets.errors import BadInput
from wmtp_assets.hub.facts import is_commit
from wmtp_assets.hub.forms import fault
from wmtp_assets.hub.listing import listed
from wmtp_assets.hub.lock import LockedRepo, locked_repo
from wmtp_assets.hub.sources import MirrorSource, RemoteFile, select
from wmtp_assets.hub.stored import find_locked
from wmtp_assets.places import without_credentials
from wmtp_assets.regular import require_regular
from wmtp_assets.store import Store

# One answer takes well below a second; the whole look ends within five.
SECONDS = 4
TOKEN_FIX = "make a token at https://huggingface.co/settings/tokens and export HF_TOKEN"


class OtherCommit(Exception):
    """The Hub answers with another commit than the one asked for."""


class Api(Protocol):
    """What is asked of huggingface_hub.HfApi."""

    def whoami(self) -> dict: ...
    def repo_info(self, repo_id: str, *, repo_type: str, revision: str): ...
    def auth_check(self, repo_id: str, *, repo_type: str) -> None: ...


@dataclass(frozen=True)
class Asked:
    """What is wanted of a repository, what is locked of it, and whether that is all here."""

    wanted: Wanted
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


def asked(store: Store, wanted: Wanted) -> Asked:
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
        asks["whoami"] = api.whoami
    answers = answers_within(SECONDS, asks)
    endpoint = without_credentials(endpoint)
    if all(_unreachable(answer) for answer in answers.values()):
        line = fail(f"{endpoint} does not answer", "check the network, the proxy and HF_ENDPOINT")
        yield _all_here(line, repos)
        return
    yield ok(f"{endpoint} answers")
    yield _token_line(answers.get("whoami"), token, repos)
    for ask in repos:
        yield ask.judged(repo_line(ask, answers[ask.repo.id], token))


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
        except Exception as error:
            answer = error
        if not done.is_set():
            answers[name] = answer
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
    info = api.repo_info(repo.id, repo_type=repo.kind, revision=ask.revision)
    if repo.gated or getattr(info, "gated", False):
        api.auth_check(repo.id, repo_type=repo.kind)
    offered = getattr(info, "sha", None)
    if is_commit(ask.revision) and offered != ask.revision:
        raise OtherCommit(offered)


def repo_line(ask: Asked, answer: object, token: bool) -> Line:
    """What an answer of the Hub means for a repository."""
    from huggingface_hub import errors

    repo = ask.repo
    if answer is None:
        return ok(f"licence accepted: {ask.name}" if repo.gated else f"open to you: {ask.name}")
    # GatedRepoError is a RepositoryNotFoundError: the narrower one first.
    if isinstance(answer, errors.GatedRepoError):
        accept = f"accept the licence at {repo.url}, which may take a day"
        fix = accept if token else f"{accept}; {TOKEN_FIX}"
        return fail(f"gated, and not open to you: {ask.name}", fix)
    if isinstance(answer, errors.RepositoryNotFoundError):
        fix = "the name in wmtp_assets/published.py, or a token that may read it"
        return fail(f"not found: {ask.name}", f"check {fix}")
    if isinstance(answer, errors.RevisionNotFoundError):
        fix = "job renew_lock" if ask.locked else "the revision in wmtp_assets/published.py"
        return fail(f"revision {ask.revision} is gone: {ask.name}", f"see {fix}")
    if isinstance(answer, OtherCommit):
        what = f"asked for {ask.revision}, answered with {answer}: {ask.name}"
        return fail(what, "check HF_ENDPOINT: it must give the commit that it is asked for")
    if _unreachable(answer):
        return fail(f"no answer about {ask.name}", "look again; check the network")
    status = _status(answer)
    if status == 401:
        return fail(f"token refused for {ask.name}", TOKEN_FIX)
    if status == 429:
        return warn(f"rate limit reached: {ask.name}", "wait some minutes; a token raises it")
    if status == 404:  # a mirror that does not say what it is that it does not have
        return fail(f"HTTP 404: {ask.name}", "check HF_ENDPOINT: what answers there has it not")
    told = f"HTTP {status}" if status else type(answer).__name__
    return fail(f"{told}: {ask.name}", "look again later; check HF_ENDPOINT")


def _token_line(answer: object, token: bool, repos: list[Asked]) -> Line:
    if not token:
        gated = [ask.name for ask in repos if ask.repo.gated and not ask.complete]
        if gated:
            return fail(f"no token, needed for {', '.join(gated)}", TOKEN_FIX)
        return ok("no token, and none is needed")
    if isinstance(answer, dict):
        return ok("token is valid")
    if _status(answer) == 401:
        return fail("token is not valid", TOKEN_FIX)
    return warn("token could not be proven", "look again in some minutes")


def _all_here(line: Line, repos: list[Asked]) -> Line:
    """A warning if every repository is complete on the disk, else the line with what is missing."""
    missing = [ask.repo.id for ask in repos if not ask.complete]
    if not missing:
        return warn(f"{line.what}; all locked files are here", line.fix)
    return fail(f"{line.what}; not on this disk yet: {', '.join(missing)}", line.fix)


def _unreachable(answer: object) -> bool:
    import httpx2  # the HTTP client of huggingface_hub 2

    return isinstance(answer, TimeoutError | httpx2.TransportError)


def _status(answer: object) -> int | None:
    return getattr(getattr(answer, "response", None), "status_code", None)
