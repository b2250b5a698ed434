"""A small Hugging Face Hub on loopback: real sockets for the unchanged huggingface_hub client.

It knows repositories (info, tree, resolve with ETag, X-Repo-Commit and Range), sends the bytes of
large files from a second port as the CDN does, and shows the faults that it is told to. Every
request is noted, with the bytes of its body that were served.
"""

import contextlib
import http.server
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from wmtp_assets_tests.hub.loopback_hub import (
    CHUNK_BYTES,
    NO_FAULT,
    Answer,
    Asked,
    FakeHub,
    Fault,
    opened,
    size_of,
)


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
        self.asked = asked
        parts = path.strip("/").split("/")
        if self.hub.silent:
            return self.connection.recv(1)
        if self.hub.status:
            return self._send(self.hub.status, b"{}")
        if self.kind == "cdn":
            if self.hub.signs_once:
                if self.path in self.hub.signed:
                    return self._send(403, b"expired")
                self.hub.signed.add(self.path)
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
            return self._send(200, b'{"name": "someone", "type": "user"}')  # whoami-v2
        repo, rest = "/".join(parts[2:4]), parts[4:]
        if self.hub.api_faults:
            fault = self.hub.api_faults.pop(0)
            return self._send(fault.status, b"{}", fault.headers)
        if repo in self.hub.renamed:
            moved = "/".join(["", *parts[:2], self.hub.renamed[repo], *rest])
            return self._send(307, b"", {"Location": moved})
        if repo not in self.hub.repos:
            return self._refuse("RepoNotFound", 404)
        if rest == ["auth-check"]:
            return self._send(200, b"{}")
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
                "Location": f"{self.cdn_endpoint}/{repo}/{path}?signature={len(hub.asked)}",
                "X-Linked-ETag": fault.etag or headers["ETag"],
                "X-Linked-Size": str(facts["size"]),
            }
            return self._send(302, b"", headers)
        return self._bytes(repo, path, headers)

    def _asked_span(self, size: int) -> tuple[int, int]:
        start, _, last = (self.headers.get("Range") or "bytes=0-")[len("bytes=") :].partition("-")
        return int(start), min(int(last) + 1, size) if last else size

    def _fault(self, path: str, taken: bool) -> Fault:
        """What this answer shows; a redirect looks and leaves it to the CDN."""
        if self.command != "GET":
            return self.hub.heads.get(path, NO_FAULT)
        if self.headers.get("Range") and (there := self.hub.faults_at.get(self._asked_span(0)[0])):
            return there.pop(0) if taken else there[0]
        waiting = self.hub.faults.get(path)
        if not waiting:
            return self.hub.always.get(path, NO_FAULT)
        return waiting.pop(0) if taken else waiting[0]

    def _bytes(self, repo: str, path: str, headers: dict):
        fault = self._fault(path, taken=True)
        content = self.hub.lie.get(path, self.hub.repos[repo][path])
        size = size_of(content)
        if fault.status:
            return self._send(fault.status, b"{}", fault.headers)
        if fault.etag:
            headers["ETag"] = fault.etag
        start, end, status = 0, size, 200
        if self.headers.get("Range") and not fault.ignore_range:
            (start, end), status = self._asked_span(size), 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
            if start >= size:
                return self._send(416, b"", {"Content-Range": f"bytes */{size}"})
        count = end - start
        sent = count if fault.cut_after is None else min(fault.cut_after, count)
        headers["Content-Length"] = str((sent if fault.short else count) + len(fault.more))
        headers |= fault.headers
        if fault.chunked:
            headers["Transfer-Encoding"] = "chunked"
        for name in (*fault.without, *(["Content-Length"] if fault.chunked else [])):
            headers.pop(name, None)
        if self.hub.changed:
            return self._change(status, content[start : start + sent], headers)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            with self.hub.counted():
                self._stream(path, content, start, sent, fault.chunked)
            self.wfile.write(fault.more)
            self.close_connection = sent < count or "Content-Length" in fault.without
            if fault.stall:
                self.connection.recv(1)

    def _stream(self, path: str, content: bytes | Path, start: int, count: int, chunked: bool):
        self.wfile.flush()
        with opened(content) as handle:
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

    def _change(self, status: int, data: bytes, headers: Mapping[str, str]):
        """Let the test say what goes over the wire."""
        body = data if self.command == "GET" else b""
        named = (*headers.items(), ("Connection", "close"))
        self.close_connection = True
        for chunk in self.hub.changed(self.asked, Answer(status, named, body)):
            self.wfile.write(chunk)

    def _send(self, status: int, data: bytes, headers: Mapping[str, str] = {}):
        if self.hub.changed:
            return self._change(status, data, {"Content-Length": str(len(data)), **headers})
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
