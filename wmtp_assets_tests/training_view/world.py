"""A small storage with every kind of file that a view shows, and views of it."""

import itertools
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wmtp_assets.catalog import Catalog
from wmtp_assets.checking.digests import Digests
from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.record import file_facts
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.store import Store
from wmtp_assets.training_view.compare import differences
from wmtp_assets.training_view.layout import LayoutName, ViewPlan, plan_view
from wmtp_assets.training_view.view_json import LinkName, View, read_view
from wmtp_assets.training_view.write import write_view
from wmtp_assets_tests.training_view.splits import labelled, unlabelled, write_split

UNTIED_REF = replace(SAMPLE.micro("micro_ref"), name="micro_ref_untied", folder="micro-ref-untied")
CATALOG = replace(
    SAMPLE,
    micros=(*(row for row in SAMPLE.micros if row.name != UNTIED_REF.name), UNTIED_REF),
    datasets=tuple(SAMPLE.dataset(name) for name in ("codecontests", "mbpp")),
)
MODELS = (
    "meta-llama-mtp",
    "ref-sheared-llama-2.7b",
    "micro-mtp",
    "micro-mtp-untied",
    "micro-ref",
    "micro-ref-untied",
)
IN_MODEL = ("raw/config.json", "safetensors/model.safetensors", "tokenizer/t.json", "metadata.json")
DIGEST = "sha256:" + "a" * 64
WEIGHTS = "models_v2/micro-mtp-untied/safetensors/model.safetensors"


class ViewWorld:
    """A storage below one folder, what the record has of it, and a place for views."""

    def __init__(self, root: Path, store: Store | None = None, catalog: Catalog = CATALOG):
        self.store = store or Store(root / "storage", root / "docs")
        self.catalog = catalog
        self.target = root / "views" / "view"
        for model, name in itertools.product(MODELS, IN_MODEL):
            self.write(f"models_v2/{model}/{name}", f"{name} of {model}".encode())
        for row in self.catalog.datasets:
            folder = self.store.dataset(row.name)
            for split in row.splits:
                rows = [unlabelled(1), unlabelled(2)]
                if row.name == "codecontests":
                    rows = [labelled("a", True, 0), labelled("b", True, 1), labelled("a", False, 2)]
                write_split(folder.jsonl(split.name), rows, row.name)
                file_io.write_bytes(folder.line_metadata(split.name), b'{"metadata":[]}')
                write_split(folder.small_jsonl(split.name), rows, row.name)
            self.write(f"datasets_v2/{row.name}/raw/x.parquet", b"PAR1")
            self.write(f"datasets_v2/{row.name}/processed/README.md", b"# card")
            self.write(f"datasets_v2/{row.name}/stats/2026-11-30_summary.json", b"{}")
        self.record()

    def write(self, path: str, data: bytes) -> None:
        file_io.write_bytes(self.store.root / path, data)

    def record(self) -> None:
        """Materialize all that is there: it is as recorded now."""
        self.recorded: Mapping[str, Mapping[str, Any]] = {
            self.store.relative(path): file_facts(file_io.stored(path))
            for path in sorted(self.store.root.rglob("*"))
            if path.is_file()
        }

    def plan(self, layout: LayoutName) -> ViewPlan:
        return plan_view(layout, self.catalog, self.store, self.recorded)

    def make_view(self, layout: LayoutName = "current", link: LinkName = "hard") -> Path:
        write_view(
            self.target,
            self.plan(layout),
            self.store.root,
            link=link,
            catalog="sample",
            storage_digest=DIGEST,
            approved_by_decision=None,
            prove=self.prove,
        )
        return self.target

    def prove(self, folder: Path, view: View) -> None:
        if wrong := self.differences_in(folder, view):
            raise BadInput("the view is not the storage's", wrong, "write it again")

    def differences(self) -> list[str]:
        return self.differences_in(self.target, read_view(self.target))

    def differences_in(self, folder: Path, view: View, report=lambda line: None) -> list[str]:
        now = Digests(self.store, self.recorded, deep=False)
        plan = self.plan(view.layout)
        return list(differences(folder, view, plan, self.store.root, now, report=report))


def files_in(folder: Path) -> set[str]:
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
