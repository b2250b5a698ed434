"""A small Hugging Face Hub on loopback: real sockets for the unchanged huggingface_hub client."""

import contextlib
import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class FakeHub:
    """Repositories (id -> path -> bytes) at one commit, and the faults to show."""

    repos: dict[str, dict[str, bytes]]
    commit: str = "c" * 40
    gated: set[str] = field(default_factory=set)
    lfs: set[str] = field(default_factory=set)
    served: list[str] = field(default_factory=list)
    lie: dict[str, bytes] = field(default_factory=dict)
    """Path -> other bytes to serve than the listing says."""
    status: int | None = None
    """Answer everything with this status."""


@contextlib.contextmanager
def serve(hub: FakeHub) -> Iterator[str]:
    """Serve the hub; yields its endpoint."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            path = self.path.split("?")[0]
            parts = path.strip("/").split("/")
            if hub.status:
                return self._send(hub.status, b"{}")
            if parts[0] == "api":
                return self._info("/".join(parts[2:4]))
            if parts[0] == "datasets":
                parts = parts[1:]
            repo, file = "/".join(parts[:2]), "/".join(parts[4:])
            if repo in hub.gated:
                return self._refuse("GatedRepo", 403)
            if parts[3] != hub.commit:
                return self._refuse("RevisionNotFound", 404)
            data = hub.repos.get(repo, {}).get(file)
            if data is None:
                return self._refuse("EntryNotFound", 404)
            etag = hashlib.sha256(data).hexdigest()
            data = hub.lie.get(file, data)
            hub.served.append(f"{self.command} {file}")
            self._send(200, data, {"ETag": f'"{etag}"', "X-Repo-Commit": hub.commit})

        do_HEAD = do_GET

        def _info(self, repo: str):
            if repo not in hub.repos:
                return self._refuse("RepoNotFound", 404)
            siblings = [self._sibling(path, data) for path, data in hub.repos[repo].items()]
            answer = {"id": repo, "sha": hub.commit, "siblings": siblings}
            self._send(200, json.dumps(answer).encode())

        def _sibling(self, path: str, data: bytes) -> dict:
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            facts = {"rfilename": path, "size": len(data), "blobId": blob}
            if path in hub.lfs:
                digest = hashlib.sha256(data).hexdigest()
                facts["lfs"] = {"sha256": digest, "size": len(data), "pointerSize": 130}
            return facts

        def _refuse(self, code: str, status: int):
            self._send(status, b"{}", {"X-Error-Code": code})

        def _send(self, status: int, data: bytes, headers: dict[str, str] | None = None):
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
