"""A whole storage of tiny models, made by the real assets, and the means to damage it.

The vocabulary is whole (the tokenizer checks need it), everything else is as small as the code
allows: two heads of 32, five blocks. Geometry is catalog data, so nothing is special-cased.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from wmtp_assets.catalog import Catalog, MicroGeometry, Model
from wmtp_assets.checking.asset_checks import evaluate_group
from wmtp_assets.checking.check_group import AssetState, CheckGroup
from wmtp_assets.checking.digests import Digests
from wmtp_assets.checking.findings import Finding
from wmtp_assets.deployment import Deployment
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.layout.assets import storage_layout
from wmtp_assets.models.assets import model_assets
from wmtp_assets.models.checks import MODEL_CHECKS
from wmtp_assets.models.micro.assets import micro_assets
from wmtp_assets.models.micro.checks import MICRO_CHECKS
from wmtp_assets.models.rows import MODELS
from wmtp_assets.models.tensor_shapes import parameters
from wmtp_assets.raw.assets import raw_assets
from wmtp_assets.record import FILES
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.sample.checkpoints import WRITERS
from wmtp_assets.store import Store
from wmtp_assets_tests.catalogs import with_rows

CHECK_GROUPS = {**MODEL_CHECKS, **MICRO_CHECKS}
RAW = tuple(f"{name}/raw" for name in MODELS)


def shrunk(model: Model, **geometry: Any) -> Model:
    """A sample model with other sizes."""
    whole = {**model.geometry, **geometry}
    count = parameters(model.implementation.shapes(whole))
    return dataclasses.replace(model, geometry=whole, parameters=count, raw_bytes=4 * count)


def tiny_catalog() -> Catalog:
    """The sample's catalog, its three models smaller."""
    two_heads = {"num_attention_heads": 2, "num_key_value_heads": 2}
    micro = MicroGeometry(dim=32, blocks=4, ffn=64, head_dim=32)
    rows = (
        shrunk(SAMPLE.model("meta_mtp"), dim=64, n_layers=5, n_heads=2, n_kv_heads=2),
        shrunk(
            SAMPLE.model("ref_sheared"),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=5,
            **two_heads,
        ),
        shrunk(
            SAMPLE.model("starling_rm"),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            **two_heads,
        ),
        *(dataclasses.replace(row, geometry=micro) for row in SAMPLE.micros),
    )
    return with_rows(SAMPLE, *rows)


def write_mirror(root: Path, catalog: Catalog) -> MirrorSource:
    """The model repositories of the catalog, in the published layout."""
    for model in catalog.models:
        folder = root / model.repo.id
        folder.mkdir(parents=True)
        WRITERS[model.name](folder, model)
    return MirrorSource(root)


class TinyStorage:
    """A storage of the tiny catalog, materialized without Dagster's machinery."""

    def __init__(
        self,
        root: Path,
        catalog: Catalog | None = None,
        published: Callable[[MirrorSource], None] = lambda mirror: None,
        micro: Sequence[dg.AssetsDefinition] = tuple(micro_assets),
    ):
        """Make it of a catalog, and of its mirror after a change."""
        catalog = catalog or tiny_catalog()
        source = write_mirror(root / "mirror", catalog)
        published(source)
        self.deployment = Deployment(catalog, source, Store(root / "storage", root / "docs"))
        self.made: dict[str, dg.MaterializeResult] = {}
        self._healthy: dict[tuple[str, str], Finding] = {}
        definitions = [*(raw_assets[key] for key in RAW), *model_assets, *micro]
        storage_layout(self.deployment)
        for definition in in_dependency_order(definitions):
            self.make(definition)

    def make(self, definition: dg.AssetsDefinition) -> None:
        context = dg.build_asset_context()
        with_context = "context" in definition.op.compute_fn.decorated_fn.__annotations__
        arguments = (context, self.deployment) if with_context else (self.deployment,)
        self.made[definition.key.to_user_string()] = definition(*arguments)

    def path(self, relative: str) -> Path:
        return self.deployment.store.root / "models_v2" / relative

    def state(self, key: str) -> AssetState:
        """What the checks of an asset would be told now."""
        metadata = {
            name: getattr(value, "value", value)
            for name, value in (self.made[key].metadata or {}).items()
        }
        files = metadata[FILES]
        return AssetState(metadata, files, Digests(self.deployment.store, files, deep=True))

    def judged(self, key: str, check: str) -> Finding:
        """What the check step would report now."""
        return self._judge(key, check)[check]

    def healthy(self, key: str, check: str) -> Finding:
        """What it reports of the undamaged storage; each reading is done once."""
        if (key, check) not in self._healthy:
            for name, finding in self._judge(key, check).items():
                self._healthy[key, name] = finding
        return self._healthy[key, check]

    def _judge(self, key: str, check: str) -> Mapping[str, Finding]:
        return evaluate_group(self.check_group(key, check), self.deployment, self.state(key))

    def check_group(self, key: str, check: str) -> CheckGroup:
        return next(group for group in CHECK_GROUPS[key] if check in group.propositions)


@functools.cache
def shared_storage(base: Path) -> TinyStorage:
    """The one storage of a test session, made on first use."""
    return TinyStorage(base / "tiny")


def in_dependency_order(definitions: list[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """Each definition after those that it depends on."""
    ordered: list[dg.AssetsDefinition] = []
    waiting = {definition.key: definition for definition in definitions}
    while waiting:
        ready = [
            key
            for key, definition in waiting.items()
            if not any(dep in waiting for dep in definition.asset_deps[key])
        ]
        ordered += [waiting.pop(key) for key in ready]
    return ordered


@contextlib.contextmanager
def damaged(path: Path, change: Callable[[bytes], bytes | None]) -> Iterator[None]:
    """Change the bytes of a file (None removes it) and put them back afterwards."""
    before = path.read_bytes()
    after = change(before)
    if after is None:
        path.unlink()
    else:
        path.write_bytes(after)
    try:
        yield
    finally:
        path.write_bytes(before)


def flip(position: int) -> Callable[[bytes], bytes]:
    """Flip the lowest bit of one byte."""

    def change(data: bytes) -> bytes:
        changed = bytearray(data)
        changed[position] ^= 1
        return bytes(changed)

    return change


def swap(old: str, new: str) -> Callable[[bytes], bytes]:
    """Replace a text that must be there."""

    def change(data: bytes) -> bytes:
        assert old.encode() in data, old
        return data.replace(old.encode(), new.encode(), 1)

    return change
