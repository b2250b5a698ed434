"""What a mirror or the Hub would not give is named, with the fix, and never with the token."""

import hashlib
import threading

import pytest

from wmtp_assets.doctor import repositories as sources
from wmtp_assets.doctor.lines import Line, State, table
from wmtp_assets.doctor.repositories import Asked, asked, hub_lines, mirror_lines
from wmtp_assets.files.file_io import write_json
from wmtp_assets.hub.api_schema import RepoInfo, TokenOwner
from wmtp_assets.hub.connection_errors import HubError, Unreachable
from wmtp_assets.hub.http_errors import http_error
from wmtp_assets.hub.lock import read_lock
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets_tests.doctor.world import MBPP, META, PARQUET, fetched, states
from wmtp_assets_tests.hub.world import write_repo

TOKEN = "hf_" + "s" * 34


def test_a_mirror_with_all_files_is_well(store, tmp_path):
    names = [files.pattern.replace("*", "0") for files in MBPP.files]
    mirror = tmp_path / "mirror"
    write_repo(mirror, MBPP.row.repo, dict.fromkeys(names, PARQUET), MBPP.row.repo.revision)
    assert states(mirror_lines(MirrorSource(mirror), [asked(store, MBPP)])) == [State.OK]
    (mirror / MBPP.row.repo.id / names[0]).write_bytes(b"ro")
    [line] = mirror_lines(MirrorSource(mirror), [asked(store, MBPP)])
    assert line.state == State.FAIL and names[0] in line.what and "write_mirror" in line.fix
    (mirror / MBPP.row.repo.id / names[0]).write_bytes(b"<html>portal")
    assert states(mirror_lines(MirrorSource(mirror), [asked(store, MBPP)])) == [State.FAIL]
    (mirror / MBPP.row.repo.id / names[0]).unlink()
    assert states(mirror_lines(MirrorSource(mirror), [asked(store, MBPP)])) == [State.FAIL]


def test_a_mirror_of_another_commit_than_a_fetch_asks_for_is_named(store, tmp_path):
    names = [files.pattern.replace("*", "0") for files in MBPP.files]
    write_repo(tmp_path, MBPP.row.repo, dict.fromkeys(names, PARQUET), "a" * 40)
    [line] = mirror_lines(MirrorSource(tmp_path), [asked(store, MBPP)])
    assert line.state == State.FAIL and f"mirror lists {'a' * 40}" in line.what
    fetched(store, MBPP)  # locked at the commit of the mirror
    assert states(mirror_lines(MirrorSource(tmp_path), [asked(store, MBPP)])) == [State.OK]


def test_a_file_that_an_earlier_release_locked_empty_is_not_there(store):
    fetched(store, MBPP)
    assert asked(store, MBPP).complete
    first = next(store.dataset("mbpp").raw.rglob("*.parquet"))
    first.write_bytes(b"")
    lock = read_lock(store.lock)
    facts = lock["repos"][MBPP.row.repo.id]["files"]
    name = first.relative_to(store.dataset("mbpp").raw).as_posix()
    facts[name] = {"size_bytes": 0, "sha256": hashlib.sha256(b"").hexdigest()}
    write_json(store.lock, lock)
    assert not asked(store, MBPP).complete


def test_a_mirror_without_the_repository_is_named_and_matters_only_if_files_are_missing(
    store, tmp_path
):
    mirror = MirrorSource(tmp_path)
    [line] = mirror_lines(mirror, [asked(store, MBPP)])
    assert line.state == State.FAIL and MBPP.row.repo.id in line.what and line.fix
    fetched(store, MBPP)
    [line] = mirror_lines(mirror, [asked(store, MBPP)])
    assert line.state == State.WARN and "all its locked files are here" in line.what


def refused(status: int, code: str = "", repo=META.row.repo) -> Exception:
    return http_error(repo, repo.id, "https://hub", status, {"X-Error-Code": code})


class Hub:
    """Answers as told: repository id -> error of its info, of its licence."""

    def __init__(self, *, info=None, licence=None, who=None):
        self.info, self.licence, self.who = info or {}, licence or {}, who
        self.revisions = {}
        self.offered = None

    def whoami(self, seconds: float) -> TokenOwner:
        if self.who:
            raise self.who
        return TokenOwner(name="someone")

    def repo_info(self, repo, revision: str, seconds: float) -> RepoInfo:
        self.revisions[repo.id] = revision
        if repo.id in self.info:
            raise self.info[repo.id]
        return RepoInfo(id=repo.id, gated=False, sha=self.offered or revision)

    def require_access(self, repo, seconds: float) -> None:
        if repo.id in self.licence:
            raise self.licence[repo.id]


def look(hub: Hub, *repos: Asked, token: bool = True, offline: bool = False) -> list[Line]:
    repos = repos or (Asked(META), Asked(MBPP))
    lines = list(hub_lines(hub, "https://hub", offline, token, list(repos)))
    assert TOKEN not in table(lines)
    return lines


def test_the_password_of_an_endpoint_is_not_printed():
    lines = list(hub_lines(Hub(), "https://ann:p@ss/word@hub", False, True, [Asked(MBPP)]))
    assert "https://hub answers" in table(lines)
    assert "ann" not in table(lines) and "word" not in table(lines)


def test_a_hub_that_gives_everything_is_well():
    lines = look(Hub())
    assert states(lines) == [State.OK] * 4
    assert "licence accepted: facebook/multi-token-prediction (models)" in lines[2].what


def test_a_licence_that_is_not_accepted_says_where_to_accept():
    gated = {META.row.repo.id: refused(403, "GatedRepo")}
    line = look(Hub(licence=gated))[2]
    assert line.state == State.FAIL
    assert f"accept the licence at {META.row.repo.url}" in line.fix


def test_no_token_fails_only_where_a_gated_repository_needs_one():
    gated = {META.row.repo.id: refused(401, "GatedRepo")}
    lines = look(Hub(licence=gated), token=False)
    assert states(lines) == [State.OK, State.FAIL, State.FAIL, State.OK]
    assert "HF_TOKEN" in lines[1].fix and "HF_TOKEN" in lines[2].fix
    assert states(look(Hub(), Asked(MBPP), token=False)) == [State.OK] * 3


def test_a_token_that_is_not_valid_is_told_and_never_printed():
    invalid = {"X-Error-Message": "Invalid credentials in Authorization header"}
    error = http_error(META.row.repo, "it", "https://hub", 401, invalid)
    everything = {META.row.repo.id: error, MBPP.row.repo.id: error}
    lines = look(Hub(info=everything, who=error))
    assert states(lines) == [State.OK] + [State.FAIL] * 3
    assert "token is not valid" in lines[1].what and "HF_TOKEN" in lines[1].fix


@pytest.mark.parametrize(
    ("error", "state", "told"),
    [
        (refused(404, "RepoNotFound"), State.FAIL, "not found"),
        (refused(401), State.FAIL, "not found"),
        (refused(404, "RevisionNotFound"), State.FAIL, "is gone"),
        (refused(404), State.FAIL, "HTTP 404"),
        (refused(429), State.WARN, "rate limit"),
        (refused(503), State.FAIL, "HTTP 503"),
        (Unreachable("it", "https://hub does not answer", "look"), State.FAIL, "does not answer"),
        (
            HubError("it", "https://hub is no Hub", "look", ["id: missing"]),
            State.FAIL,
            "id: missing",
        ),
    ],
)
def test_what_a_repository_ends_in_is_named_with_the_jobs_that_need_it(error, state, told):
    line = look(Hub(info={MBPP.row.repo.id: error}))[3]
    assert line.state == state and told in line.what and line.fix
    assert f"{MBPP.row.repo.id} (datasets)" in line.what


def test_the_locked_commit_is_asked_for_and_else_the_revision_of_the_catalog(store):
    hub = Hub()
    fetched(store, MBPP)
    look(hub, asked(store, MBPP), Asked(META))
    assert hub.revisions == {MBPP.row.repo.id: "a" * 40, META.row.repo.id: "main"}


def test_a_hub_that_answers_with_another_commit_is_named():
    hub = Hub()
    hub.offered = "b" * 40
    line = look(hub)[3]
    assert line.state == State.FAIL and "HF_ENDPOINT" in line.fix
    assert f"asked for {MBPP.row.repo.revision}, answered with {'b' * 40}" in line.what


def test_without_network_a_complete_storage_needs_nothing_and_else_it_says_what(store):
    def dead(*repos: Asked) -> Hub:
        error = Unreachable("it", "https://hub does not answer (no route)", "check the network")
        return Hub(info={ask.repo.id: error for ask in repos}, who=error)

    repos = (asked(store, MBPP), Asked(META))
    [line] = look(dead(*repos), *repos)
    assert line.state == State.FAIL and "https://hub does not answer" in line.what
    assert META.row.repo.id in line.what and MBPP.row.repo.id in line.what
    fetched(store, MBPP)
    complete = asked(store, MBPP)
    for lines in (look(dead(complete), complete), look(Hub(), complete, offline=True)):
        assert states(lines) == [State.WARN] and "all locked files are here" in lines[0].what
    [line] = look(Hub(), offline=True)
    assert line.state == State.FAIL and "HF_HUB_OFFLINE" in line.what


def test_an_answer_that_does_not_come_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(sources, "SECONDS", 0.05)
    never = threading.Event()
    hub = Hub()
    hub.whoami = never.wait
    try:
        lines = look(hub)
    finally:
        never.set()
    assert states(lines) == [State.OK, State.WARN, State.OK, State.OK]
