"""A small Hugging Face Hub on loopback: real sockets for the unchanged huggingface_hub client.

It knows repositories (info, tree, resolve with ETag, X-Repo-Commit and Range), sends the bytes of
large files from a second port as the CDN does, and shows the faults that it is told to. Every
request is noted, with the bytes of its body that were served.
"""

import contextlib
import functools
import hashlib
import http.server
import io
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Fault:
    """How one answer with a file's bytes goes wrong."""

    status: int | None = None
    """Answer with this status instead of the bytes."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers of the answer, in place of the right ones of the same name."""
    cut_after: int | None = None
    """Close the connection after so many bytes of the body."""
    short: bool = False
    """Where cut: announce only what is sent, so that the body is whole but too short."""
    stall: bool = False
    """Where cut: keep the connection open and send nothing more."""
    ignore_range: bool = False
    etag: str | None = None
    without: tuple[str, ...] = ()
    """Headers that are left out; without Content-Length the end of the connection ends the body."""
    chunked: bool = False
    """Say the end of the body with it, and no length before."""


NO_FAULT = Fault()


@dataclass(frozen=True)
class Asked:
    """One request as it was seen."""

    server: str  # `hub` or `cdn`
    method: str
    path: str
    range: str | None
    authorization: str | None


@dataclass
class FakeHub:
    """Repositories (id -> path -> bytes, or the file that holds them), and the faults to show."""

    repos: dict[str, dict[str, bytes | Path]]
    commit: str = "c" * 40
    commits: dict[str, str] = field(default_factory=dict)
    """Repository -> its commit, where it is not the one above."""
    gated: set[str] = field(default_factory=set)
    tokens: dict[str, set[str]] = field(default_factory=dict)
    """Known tokens -> the gated repositories whose licence they accepted."""
    renamed: dict[str, str] = field(default_factory=dict)
    lfs: set[str] = field(default_factory=set)
    cdn: bool = False  # send the bytes of LFS files from another port, by a redirect
    lie: dict[str, bytes] = field(default_factory=dict)
    """Path -> other bytes to serve than the listing says."""
    status: int | None = None  # of every answer
    silent: bool = False  # answer nothing, keep connections open
    faults: dict[str, list[Fault]] = field(default_factory=dict)
    """Path -> what the next answers with its bytes show, one each; below: what every one shows."""
    always: dict[str, Fault] = field(default_factory=dict)
    heads: dict[str, Fault] = field(default_factory=dict)
    """Path -> what every answer to HEAD shows."""
    listed: dict[str, list[dict]] = field(default_factory=dict)
    """Repository -> its files as they are listed in place of the right listing."""
    info: dict[str, dict] = field(default_factory=dict)
    """Repository -> what else its listing says: another `sha`."""
    api_faults: list[Fault] = field(default_factory=list)
    """What the next answers about repositories show."""
    bytes_per_second: int | None = None

    served: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    bytes_served: Counter = field(default_factory=Counter)  # path -> bytes put on a socket

    def commit_of(self, repo: str) -> str:
        return self.commits.get(repo, self.commit)

    def facts(self, repo: str, path: str) -> dict:
        """Size, SHA-256 and git blob id of a file."""
        return _hashed(self.repos[repo][path])


@functools.cache
def _hashed(content: bytes | Path) -> dict:
    size = _size(content)
    sha256, blob = hashlib.sha256(), hashlib.sha1(b"blob %d\0" % size)
    with _opened(content) as handle:
        while chunk := handle.read(CHUNK_BYTES):
            sha256.update(chunk)
            blob.update(chunk)
    return {"size": size, "sha256": sha256.hexdigest(), "blob": blob.hexdigest()}


def _size(content: bytes | Path) -> int:
    return len(content) if isinstance(content, bytes) else content.stat().st_size


def _opened(content: bytes | Path):
    return io.BytesIO(content) if isinstance(content, bytes) else open(content, "rb")


class Handler(http.server.BaseHTTPRequestHandler):
    """The answers of both servers; the first three are set by `serve`, `kind` tells them apart."""

    protocol_version = "HTTP/1.1"
    hub: FakeHub
    kind: str
    cdn_endpoint: str

    def do_GET(self):
        path = unquote(self.path.split("?")[0])
        authorization = self.headers.get("Authorization")
        asked = Asked(self.kind, self.command, path, self.headers.get("Range"), authorization)
        self.hub.asked.append(asked)
        parts = path.strip("/").split("/")
        if self.hub.silent:
            return self.connection.recv(1)
        if self.hub.status:
            return self._send(self.hub.status, b"{}")
        if self.kind == "cdn":
            return self._bytes("/".join(parts[:2]), "/".join(parts[2:]), {})
        token = (authorization or "").removeprefix("Bearer ")
        if token and self.hub.tokens and token not in self.hub.tokens:
            told = {"X-Error-Message": "Invalid credentials in Authorization header"}
            return self._send(401, b"{}", told)
        if parts[0] == "api":
            return self._api(parts)
        if parts[0] == "datasets":
            parts = parts[1:]
        return self._resolve("/".join(parts[:2]), parts[3], "/".join(parts[4:]), token)

    do_HEAD = do_GET

    def _api(self, parts: list[str]):
        if parts[1] not in ("models", "datasets"):
            return self._send(404, b"{}")  # the library asks for more than repositories
        repo, rest = "/".join(parts[2:4]), parts[4:]
        if self.hub.api_faults:
            fault = self.hub.api_faults.pop(0)
            return self._send(fault.status, b"{}", fault.headers)
        if repo in self.hub.renamed:
            moved = "/".join(["", *parts[:2], self.hub.renamed[repo], *rest])
            return self._send(307, b"", {"Location": moved})
        if repo not in self.hub.repos:
            return self._refuse("RepoNotFound", 404)
        commit = self.hub.commit_of(repo)
        if rest and rest[1] not in ("main", commit):
            return self._refuse("RevisionNotFound", 404)
        if rest and rest[0] == "tree":
            answer = [self._leaf(repo, path) for path in self.hub.repos[repo]]
        else:
            files = [self._sibling(repo, path) for path in self.hub.repos[repo]]
            files = self.hub.listed.get(repo, files)
            answer = {"id": repo, "sha": commit, "siblings": files} | self.hub.info.get(repo, {})
        self._send(200, json.dumps(answer).encode())

    def _sibling(self, repo: str, path: str) -> dict:
        facts = self.hub.facts(repo, path)
        entry = {"rfilename": path, "size": facts["size"], "blobId": facts["blob"]}
        return entry | self._lfs(path, facts, "sha256")

    def _leaf(self, repo: str, path: str) -> dict:
        facts = self.hub.facts(repo, path)
        leaf = {"type": "file", "oid": facts["blob"], "size": facts["size"], "path": path}
        return leaf | self._lfs(path, facts, "oid")

    def _lfs(self, path: str, facts: dict, name: str) -> dict:
        if path not in self.hub.lfs:
            return {}
        return {"lfs": {name: facts["sha256"], "size": facts["size"], "pointerSize": 130}}

    def _resolve(self, repo: str, revision: str, path: str, token: str):
        hub = self.hub
        if repo in hub.renamed:
            moved = self.path.replace(repo, hub.renamed[repo], 1)
            return self._send(307, b"", {"Location": moved})
        if repo in hub.gated and repo not in hub.tokens.get(token, ()):
            return self._refuse("GatedRepo", 403 if token else 401)
        commit = hub.commit_of(repo)
        if revision not in ("main", commit):
            return self._refuse("RevisionNotFound", 404)
        if path not in hub.repos.get(repo, {}):
            return self._refuse("EntryNotFound", 404)
        facts = hub.facts(repo, path)
        hub.served.append(f"{self.command} {path}")
        headers = {"X-Repo-Commit": commit, "ETag": f'"{facts["sha256"]}"'}
        if path not in hub.lfs:
            headers["ETag"] = f'"{facts["blob"]}"'
        elif hub.cdn:
            fault = self._fault(path, taken=False)
            headers |= {
                "Location": f"{self.cdn_endpoint}/{repo}/{path}?signature=s",
                "X-Linked-ETag": fault.etag or headers["ETag"],
                "X-Linked-Size": str(facts["size"]),
            }
            return self._send(302, b"", headers)
        return self._bytes(repo, path, headers)

    def _fault(self, path: str, taken: bool) -> Fault:
        """What this answer shows; a redirect looks and leaves it to the CDN."""
        if self.command != "GET":
            return self.hub.heads.get(path, NO_FAULT)
        waiting = self.hub.faults.get(path)
        if not waiting:
            return self.hub.always.get(path, NO_FAULT)
        return waiting.pop(0) if taken else waiting[0]

    def _bytes(self, repo: str, path: str, headers: dict):
        fault = self._fault(path, taken=True)
        content = self.hub.lie.get(path, self.hub.repos[repo][path])
        size = _size(content)
        if fault.status:
            return self._send(fault.status, b"{}", fault.headers)
        if fault.etag:
            headers["ETag"] = fault.etag
        start, status, asked = 0, 200, self.headers.get("Range")
        if asked and not fault.ignore_range:
            start, status = int(asked.removeprefix("bytes=").split("-")[0]), 206
            headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
            if start >= size:
                return self._send(416, b"", {"Content-Range": f"bytes */{size}"})
        count = size - start
        sent = count if fault.cut_after is None else min(fault.cut_after, count)
        headers["Content-Length"] = str(sent if fault.short else count)
        headers |= fault.headers
        if fault.chunked:
            headers["Transfer-Encoding"] = "chunked"
        for name in (*fault.without, *(["Content-Length"] if fault.chunked else [])):
            headers.pop(name, None)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self._stream(path, content, start, sent, fault.chunked)
            self.close_connection = sent < count or "Content-Length" in fault.without
            if fault.stall:
                self.connection.recv(1)

    def _stream(self, path: str, content: bytes | Path, start: int, count: int, chunked: bool):
        self.wfile.flush()
        with _opened(content) as handle:
            handle.seek(start)
            while count:
                chunk = handle.read(min(CHUNK_BYTES, count))
                self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
                self.hub.bytes_served[path] += len(chunk)
                count -= len(chunk)
                if self.hub.bytes_per_second:
                    time.sleep(len(chunk) / self.hub.bytes_per_second)
            if chunked:
                self.wfile.write(b"0\r\n\r\n")

    def _refuse(self, code: str, status: int):
        self._send(status, b"{}", {"X-Error-Code": code})

    def _send(self, status: int, data: bytes, headers: Mapping[str, str] = {}):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    def log_message(self, *args): ...


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address): ...  # a client that was killed

    def get_request(self):
        connection, address = super().get_request()
        # Else small answers wait 40 ms for the acknowledgement of the ones before.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection, address


@contextlib.contextmanager
def serve(hub: FakeHub) -> Iterator[str]:
    """Serve the hub and its CDN; yields the hub's endpoint."""
    handlers = [type(kind, (Handler,), {"hub": hub, "kind": kind}) for kind in ("hub", "cdn")]
    servers = [_Server(("127.0.0.1", 0), handler) for handler in handlers]
    endpoints = [f"http://127.0.0.1:{server.server_port}" for server in servers]
    handlers[0].cdn_endpoint = endpoints[1]
    for server in servers:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield endpoints[0]
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()
