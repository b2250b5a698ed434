"""Every row of a micro model has all its parts, and another geometry is another row alone."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets.approval.state import Approval, ApprovalState
from wmtp_assets.catalog import VOCAB_SIZE, Catalog, MicroGeometry
from wmtp_assets.checking.asset_checks import evaluate_group
from wmtp_assets.checking.check_group import AssetState
from wmtp_assets.checking.digests import Digests
from wmtp_assets.doctor.plans import JOBS, micro_bytes
from wmtp_assets.documents.dossier import Dossier
from wmtp_assets.documents.reports import render_report
from wmtp_assets.evidence.judge import Evidence
from wmtp_assets.evidence.steps import STEPS
from wmtp_assets.files.walking import remove_tree
from wmtp_assets.layout.skeleton import SKELETON
from wmtp_assets.models.micro.assets import micro_asset, micro_assets
from wmtp_assets.models.micro.checks import MICRO_CHECKS, check_groups
from wmtp_assets.models.micro.findings import CONFIGS_FOLLOW, EQUAL_TIED, SMALL_ENOUGH
from wmtp_assets.models.micro.origin import origin_of, plan_from_catalog
from wmtp_assets.models.micro.rho1 import RHO1
from wmtp_assets.models.micro.row import MicroRow
from wmtp_assets.models.micro.rows import GEOMETRY, MAX_BYTES, MICROS, is_made_of_micro
from wmtp_assets.models.safetensors.findings import SHAPES_MATCH
from wmtp_assets.models.tensor_shapes import ffn_width
from wmtp_assets.published import PUBLISHED
from wmtp_assets.record import FILES
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.store import Store
from wmtp_assets_tests.models.tiny import TinyStorage

PROJECT = Path(__file__).parents[3]
# Starts Python with another geometry in rows.py, and shows what follows of it.
ANOTHER = """
import json, re, sys
from importlib import util

name = "wmtp_assets.models.micro.rows"
spec = util.find_spec(name)
text = open(spec.origin, encoding="utf-8").read()
text, lines = re.subn(r"(?m)^GEOMETRY = .*$", "GEOMETRY = MicroGeometry(" + sys.argv[1] + ")", text)
assert lines == 1
sys.modules[name] = util.module_from_spec(spec)
exec(compile(text, spec.origin, "exec"), vars(sys.modules[name]))

from wmtp_assets.approval.state import Approval, ApprovalState
from wmtp_assets.definitions import ASSETS
from wmtp_assets.doctor.plans import micro_bytes
from wmtp_assets.documents.dossier import Dossier
from wmtp_assets.documents.reports import render_report
from wmtp_assets.evidence.judge import Evidence
from wmtp_assets.models.micro.origin import plan_from_catalog
from wmtp_assets.published import PUBLISHED

dossier = Dossier(Evidence("", "", "", (), ()), PUBLISHED, Approval(ApprovalState.ABSENT, ""))
plans = [plan_from_catalog(PUBLISHED, micro) for micro in PUBLISHED.micros]
print(json.dumps({
    "descriptions": [s.description for a in ASSETS for s in a.specs if s.group_name == "micro"],
    "configs": [dict(plan.config) for plan in plans],
    "params": dict(plans[0].params),
    "bytes": micro_bytes(PUBLISHED),
    "notes": [render_report(key, dossier) for key in ("migration_notes", "storage_readme")],
}))
"""

every_row = pytest.mark.parametrize("row", MICROS.values(), ids=MICROS)


def groups_of(row: MicroRow) -> set[str]:
    return {check for group in check_groups(row) for check in group.propositions}


@every_row
def test_a_row_has_all_its_parts(row: MicroRow):
    assert PUBLISHED.micro(row.name) is row.published and row.published in SAMPLE.micros
    [asset] = [asset for asset in micro_assets if asset.key.to_user_string() == row.name]
    assert asset.descriptions_by_key[asset.key] == row.description and row.description[-1] == "."
    assert MICRO_CHECKS[row.name] and row.name in STEPS[5].assets
    assert f"models_v2/{row.published.folder}/raw" in SKELETON
    assert row.published.geometry is GEOMETRY


@every_row
def test_a_row_says_where_it_comes_from(row: MicroRow, tmp_path: Path):
    earlier = list(MICROS)[: list(MICROS).index(row.name)]
    assert row.published.source in ("meta_mtp", "ref_sheared", *earlier)
    origin = origin_of(Store(tmp_path, tmp_path), PUBLISHED, row.published)
    assert row.implementation == origin.model.implementation and origin.model.name in JOBS["models"]
    # Nothing else stores a micro model's weights a second time.
    assert is_made_of_micro(row) is not row.published.tied
    assert row.scored_with is None or row.scored_with in MICROS


@every_row
def test_the_checks_of_a_row_follow_from_it(row: MicroRow):
    found = groups_of(row)
    assert (SMALL_ENOUGH in found) is (row.published.max_bytes is not None)
    assert (EQUAL_TIED in found) is not row.published.tied
    assert (RHO1 in found) is (row.scored_with is not None)


def test_the_untied_reference_is_no_more_than_a_row():
    row, tied = MICROS["micro_ref_untied"], MICROS["micro_ref"]
    asset = micro_asset(row=row)
    assert asset.asset_deps[asset.key] == {dg.AssetKey("micro_ref")}
    assert groups_of(tied) - groups_of(row) == {
        "tensors_equal_slices_of_source",
        SMALL_ENOUGH,
        RHO1,
    }
    without = tuple(micro for micro in PUBLISHED.micros if micro is not row.published)
    dim, ffn = GEOMETRY.dim, GEOMETRY.ffn
    blocks = GEOMETRY.blocks * (4 * dim * dim + 3 * dim * ffn + 2 * dim)
    weights = 2 * VOCAB_SIZE * dim + blocks + dim
    fewer = micro_bytes(replace(PUBLISHED, micros=without))
    assert micro_bytes(PUBLISHED) - fewer == 2 * weights
    assert plan_from_catalog(PUBLISHED, row.published).kept == {
        "lm_head.weight": "the bytes of model.embed_tokens.weight, stored a second time"
    }


def test_the_derived_settings_of_the_present_rows():
    for name in ("micro_mtp", "micro_mtp_untied"):
        params = plan_from_catalog(PUBLISHED, MICROS[name].published).params
        assert ffn_width(params) == GEOMETRY.ffn


def test_another_geometry_is_one_line():
    done = subprocess.run(
        [sys.executable, "-c", ANOTHER, "dim=256, blocks=5, ffn=352, head_dim=128"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["descriptions"] == [
        "Micro multi-token model: 5 blocks, 256 wide, tied output, under 50 MB.",
        "micro_mtp with output.weight stored, for loaders with a strict key set.",
        "Micro reference: 5 blocks of Sheared-LLaMA, 256 wide; opens with transformers.",
        "micro_ref with lm_head stored, for training code that saves it again.",
    ]
    for config in found["configs"]:
        sizes = ("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads")
        assert [config[name] for name in sizes] == [256, 352, 5, 2]
    assert (found["params"]["multiple_of"], found["params"]["ffn_dim_multiplier"]) == (32, 0.5)
    embedding, block = VOCAB_SIZE * 256, 4 * 256 * 256 + 3 * 256 * 352 + 2 * 256
    assert found["bytes"] == 2 * (4 * (embedding + 5 * block + 256) + 2 * embedding)
    notes = "\n".join(found["notes"])
    for said in (
        "| 5 layers, 256 wide. Output tied to the input embedding, FFN 352;",
        "| A stored output is 16.4 MB more; the geometry is that of wmtp_assets/models/micro/",
        "A stored output of 32000 x 256 is 16.4 MB more; use micro-mtp-untied",
    ):
        assert said in notes
    # An untied model of this width is below the limit: no reason to tie it.
    assert "An untied" not in notes and "limit; use" not in notes


def resized(catalog: Catalog, beside: str = "") -> Catalog:
    """The catalog with micro models of another geometry, in folders of other names if given."""
    geometry = MicroGeometry(dim=64, blocks=5, ffn=96, head_dim=32)
    micros = (
        replace(micro, geometry=geometry, folder=beside + micro.folder) for micro in catalog.micros
    )
    return replace(catalog, micros=tuple(micros))


def test_models_of_another_geometry_are_written_and_pass_their_checks(tiny: TinyStorage):
    here = replace(tiny.deployment, catalog=resized(tiny.deployment.catalog, "other-"))
    try:
        for row in MICROS.values():
            files = micro_asset(row=row)(here).metadata[FILES].value
            state = AssetState({}, files, Digests(here.store, files, deep=True))
            for group in check_groups(row):
                for check, finding in evaluate_group(group, here, state).items():
                    assert finding.passed, (row.name, check, finding.summary)
    finally:
        for folder in tiny.path(".").glob("other-*"):
            remove_tree(folder)


@pytest.mark.parametrize("name", [name for name, row in MICROS.items() if row.published.tied])
def test_a_model_of_another_geometry_than_its_row_fails(tiny: TinyStorage, name: str):
    here = replace(tiny.deployment, catalog=resized(tiny.deployment.catalog))
    found = {}
    for check in (CONFIGS_FOLLOW, SHAPES_MATCH):
        found |= evaluate_group(tiny.check_group(name, check), here, tiny.state(name))
    for check, summary in ((CONFIGS_FOLLOW, "64, found 32"), (SHAPES_MATCH, "[64, 64], found")):
        assert not found[check].passed and summary in found[check].summary


def test_the_pages_have_the_disk_and_the_limit_of_the_rows():
    models = [row for row in PUBLISHED.models if row.name in JOBS["models"]]
    raw = sum(row.raw_bytes for row in models) / 1e9
    derived = (sum(row.parameters for row in models) * 2 + micro_bytes(PUBLISHED)) / 1e9
    readme = (PROJECT / "README.md").read_text("utf-8")
    jobs = (PROJECT / "docs" / "real-run.md").read_text("utf-8")
    [line] = [line for line in jobs.splitlines() if line.startswith("| `models` |")]
    assert f"| {raw:.1f} GB + {derived:.1f} GB |" in line
    assert f"(weights < {MAX_BYTES // 10**6} MB, tied)" in readme
    assert f"_{MAX_BYTES // 10**6}_million_" in SMALL_ENOUGH


def test_the_notes_give_the_geometry_of_the_plan_and_its_limit_as_reasons():
    dossier = Dossier(Evidence("", "", "", (), ()), PUBLISHED, Approval(ApprovalState.ABSENT, ""))
    notes = render_report("reports/migration_notes", dossier)
    readme = render_report("reports/storage_readme", dossier)
    vocabulary, dim = VOCAB_SIZE, GEOMETRY.dim
    megabytes = 2 * 2 * vocabulary * dim / 1e6
    breaks = megabytes > MAX_BYTES / 1e6
    said = f"| An untied {vocabulary} x {dim} input and output is {megabytes:.1f} MB alone"
    assert (said in notes) is breaks
    assert (f"{vocabulary} x {dim} would break the 50 MB limit; use" in readme) is breaks
    as_planned = (GEOMETRY.blocks, dim) == (4, 512)
    assert ("| Output tied" in notes) is as_planned
