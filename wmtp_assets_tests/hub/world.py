"""A mirror of one small repository in the place of HumanEval, and the graph over it."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from wmtp_assets.catalog import Catalog, Repo
from wmtp_assets.deployment import Deployment
from wmtp_assets.hub.sources import LISTING_NAME, MirrorSource
from wmtp_assets.published import PUBLISHED
from wmtp_assets.raw.assets import raw_assets
from wmtp_assets.raw.upstream.assets import watched_repos
from wmtp_assets.raw.upstream.jobs import watch_job
from wmtp_assets.source import Source
from wmtp_assets.store import Store
from wmtp_assets_tests.catalogs import with_rows

FILE = "openai_humaneval/test-00000.parquet"
MAGIC = b"PAR1"
RAW = dg.AssetKey(["humaneval", "raw"])
UPSTREAM = dg.AssetKey(["upstream", "humaneval"])


class World:
    """One storage, one mirror, one record."""

    def __init__(
        self,
        root: Path,
        instance: dg.DagsterInstance,
        *jobs,
        revision: str = "main",
        source: Source | None = None,
    ):
        self.mirror, self.storage, self.instance = root / "mirror", root / "storage", instance
        row = PUBLISHED.dataset("humaneval")
        self.repo = replace(row.repo, revision=revision)
        self.catalog: Catalog = with_rows(PUBLISHED, replace(row, repo=self.repo))
        self.source = source or MirrorSource(self.mirror)
        deployment = Deployment(self.catalog, self.source, Store(self.storage, root / "docs"))
        watched = watched_repos[RAW.to_user_string()]
        self.definitions = dg.Definitions(
            assets=[raw_assets[RAW.to_user_string()], watched],
            jobs=[watch_job([watched]), *jobs],
            resources={"deployment": deployment},
        )

    @property
    def lock(self) -> Path:
        return self.storage / "sources.lock.json"

    @property
    def raw_file(self) -> Path:
        return self.storage / "datasets_v2" / "humaneval" / "raw" / FILE

    @property
    def rows(self) -> bytes:
        """What lies in the raw file, between the marks of its form."""
        return self.raw_file.read_bytes().removeprefix(MAGIC).removesuffix(MAGIC)

    def publish(self, rows: bytes, commit: str) -> None:
        """Put other rows upstream, under a commit."""
        write_repo(self.mirror, self.repo, {FILE: MAGIC + rows + MAGIC}, commit)

    def run(self, job: str, **kwargs) -> dg.ExecuteInProcessResult:
        definition = self.definitions.resolve_job_def(job)
        return definition.execute_in_process(instance=self.instance, raise_on_error=False, **kwargs)

    def materialize(self) -> None:
        """Materialize the raw asset, without its checks."""
        assert self.run("__ASSET_JOB", asset_selection=[RAW]).success

    def shows_change(self) -> bool:
        """Whether the UI says of the raw asset that its upstream changed."""
        graph = self.definitions.resolve_asset_graph()
        resolver = CachingStaleStatusResolver(
            self.instance, graph, LoadingContextForTest(self.instance)
        )
        causes = {c.dependency.asset_key for c in resolver.get_stale_causes(RAW) if c.dependency}
        assert causes <= {UPSTREAM}
        assert bool(causes) is (resolver.get_status(RAW) == StaleStatus.STALE)
        return bool(causes)


def write_repo(mirror: Path, repo: Repo, files: dict[str, bytes], commit: str) -> None:
    """Write a repository into a mirror, with its entry in the listing."""
    listing = mirror / LISTING_NAME
    stated = json.loads(listing.read_text()) if listing.exists() else {}
    facts = {}
    for name, data in files.items():
        path = mirror / repo.id / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        facts[name] = {"size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    stated[repo.id] = {"commit": commit, "files": facts}
    listing.write_text(json.dumps(stated))
