"""The graph as the contract names it: keys, jobs, what every asset carries, what imports cost."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

import wmtp_assets
from wmtp_assets.definitions import build_definitions
from wmtp_assets.doctor.plans import JOBS as doctor_jobs
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.models.rows import OPTIONAL
from wmtp_assets.published import PUBLISHED

ASSET_KEYS = {
    "storage_layout",
    "meta_mtp/raw",
    "meta_mtp/tokenizer",
    "meta_mtp/safetensors",
    "meta_mtp/configs",
    "meta_mtp/metadata",
    "ref_sheared/raw",
    "ref_sheared/tokenizer",
    "ref_sheared/safetensors",
    "ref_sheared/configs",
    "ref_sheared/metadata",
    "micro_mtp",
    "micro_mtp_untied",
    "micro_ref",
    "micro_ref_untied",
    "starling_rm/raw",
    "starling_rm/safetensors",
    "starling_rm/configs",
    "starling_rm/metadata",
    "codecontests/raw",
    "codecontests/train",
    "codecontests/valid",
    "codecontests/test",
    "codecontests/schema",
    "codecontests/stats",
    "codecontests/small",
    "mbpp/raw",
    "mbpp/train",
    "mbpp/validation",
    "mbpp/test",
    "mbpp/schema",
    "mbpp/stats",
    "mbpp/small",
    "humaneval/raw",
    "humaneval/test",
    "humaneval/schema",
    "humaneval/stats",
    "humaneval/small",
    "reports/storage_readme",
    "reports/asset_inventory",
    "reports/migration_notes",
    "reports/completion_report",
    "signoff/checklist",
    "signoff/approval",
}
# Upstream repositories: watched, never made.
WATCHED = {
    "upstream/meta_mtp",
    "upstream/ref_sheared",
    "upstream/starling_rm",
    "upstream/codecontests",
    "upstream/mbpp",
    "upstream/humaneval",
}
GROUPS = {
    "layout",
    "meta_mtp",
    "ref_sheared",
    "micro",
    "reward",
    "codecontests",
    "mbpp",
    "humaneval",
    "reports",
    "signoff",
}
JOBS = {
    "phase1",
    "models",
    "datasets",
    "reference_model",
    "reward_model",
    "report",
    "verify_storage",
    "verify_storage_deep",
    "review_phase1",
    "record_move",
    "reset_storage",
    "watch_upstream",
    "renew_lock",
    "write_mirror",
    "write_training_view",
    "check_training_view",
}
OP_JOBS = {
    "reset_storage",
    "renew_lock",
    "write_mirror",
    "review_phase1",
    "record_move",
    "write_training_view",
    "check_training_view",
}
MAX_DESCRIPTION = 80
PACKAGE = Path(wmtp_assets.__file__).parent


def graph(tmp_path: Path, *, with_reward_model: bool = True) -> dg.Definitions:
    return build_definitions(
        catalog=PUBLISHED,
        source=MirrorSource(tmp_path),
        storage_root=tmp_path / "storage",
        docs_root=tmp_path / "docs",
        with_reward_model=with_reward_model,
    )


@pytest.fixture(scope="module")
def defs(tmp_path_factory) -> dg.Definitions:
    return graph(tmp_path_factory.mktemp("graph"))


@pytest.fixture(scope="module")
def declared(defs: dg.Definitions):
    return defs.resources["declared"]


def keys(definitions: dg.Definitions) -> set[str]:
    return {k.to_user_string() for k in definitions.resolve_asset_graph().get_all_asset_keys()}


def test_the_asset_keys_are_those_of_the_contract(defs):
    assert keys(defs) == ASSET_KEYS | WATCHED, ", ".join(
        sorted(keys(defs) ^ (ASSET_KEYS | WATCHED))
    )


def test_the_jobs_are_those_of_the_contract(defs):
    names = {job.name for job in defs.resolve_all_job_defs() if not job.name.startswith("__")}
    assert names == JOBS, ", ".join(sorted(names ^ JOBS))
    for name in JOBS:
        assert defs.resolve_job_def(name).description, name


def test_without_the_reward_model_no_trace_of_it_is_in_the_graph(tmp_path):
    assert not any("starling" in key for key in keys(graph(tmp_path, with_reward_model=False)))


def test_phase1_takes_everything_but_reward_reports_and_signoff(defs):
    taken = {
        key.to_user_string()
        for key in defs.resolve_job_def("phase1").asset_layer.selected_asset_keys
    }
    outside = (*(f"{name}/" for name in OPTIONAL), "reports/", "signoff/")
    assert taken == {key for key in ASSET_KEYS if not key.startswith(outside)}


def test_the_report_looks_at_the_approval_and_judges_it(defs):
    layer = defs.resolve_job_def("report").asset_layer
    looked_at = layer.selected_asset_keys - layer.asset_graph.materializable_asset_keys
    assert {key.to_user_string() for key in looked_at} == {"signoff/approval"}
    assert "approved_by_reviewer" in {key.name for key in layer.asset_graph.asset_check_keys}


def test_what_is_watched_upstream_is_taken_by_the_watch_alone(defs):
    """`'*'`, the UI's "Materialize all" and every other job leave it alone."""
    for name in JOBS - OP_JOBS:
        taken = defs.resolve_job_def(name).asset_layer.selected_asset_keys
        watched = {key.to_user_string() for key in taken} & WATCHED
        assert watched == (WATCHED if name == "watch_upstream" else set()), name
    graph = defs.resolve_asset_graph()
    everything = dg.AssetSelection.from_string("*").resolve(graph)
    assert not {key.to_user_string() for key in everything} & WATCHED
    for name in WATCHED:
        key = dg.AssetKey(name.split("/"))
        assert graph.get(key).is_observable and not graph.get(key).is_materializable
        [raw] = graph.get(key).child_keys
        assert raw.path == [name.split("/")[1], "raw"]


def test_every_asset_has_what_the_ui_shows(declared):
    groups = {spec.group_name for spec in declared.assets}
    assert groups == GROUPS, ", ".join(sorted(groups ^ GROUPS))
    for spec in declared.assets:
        name = spec.key.to_user_string()
        assert list(spec.owners) == ["team:wmtp"], name
        assert spec.kinds and spec.code_version, name
        first_line = (spec.description or "").split("\n")[0]
        assert 10 < len(first_line) <= MAX_DESCRIPTION, (name, first_line)


def test_the_tags_of_an_asset_say_what_it_is_and_which_step_asks_for_it(defs):
    def selected(selection: str) -> set[str]:
        found = dg.AssetSelection.from_string(selection).resolve(defs.resolve_asset_graph())
        return {key.to_user_string() for key in found}

    assert selected("tag:step=2") == {"meta_mtp/raw", "ref_sheared/raw"}
    assert selected("tag:step=3") == {
        f"meta_mtp/{part}" for part in ("tokenizer", "safetensors", "configs", "metadata")
    }
    assert selected("tag:step=1") == {"storage_layout"}
    models = {key for key in ASSET_KEYS if key.startswith(("m", "ref", "starling"))}
    assert selected("tag:kind=model") == models - {k for k in ASSET_KEYS if k.startswith("mbpp")}
    kinds = ("layout", "model", "dataset", "document")
    by_kind = [selected(f"tag:kind={kind}") for kind in kinds]
    assert set.union(*by_kind) == ASSET_KEYS - {"signoff/approval"} == selected("*")
    assert sum(map(len, by_kind)) == len(ASSET_KEYS) - 1


def test_upstream_repositories_belong_to_who_publishes_them(defs):
    graph = defs.resolve_asset_graph()
    owners = {name: [*graph.get(dg.AssetKey(name.split("/"))).owners] for name in WATCHED}
    assert owners == {
        "upstream/meta_mtp": ["team:facebook"],
        "upstream/ref_sheared": ["team:princeton-nlp"],
        "upstream/starling_rm": ["team:berkeley-nest"],
        "upstream/codecontests": ["team:deepmind"],
        "upstream/mbpp": ["team:google-research-datasets"],
        "upstream/humaneval": ["team:openai"],
    }


def test_the_page_links_each_asset_to_its_code_and_no_evidence_names_the_place(defs, declared):
    for node in defs.resolve_asset_graph().asset_nodes:
        [code] = node.metadata["dagster/code_references"].code_references
        source = Path(code.file_path)
        assert source.is_relative_to(PACKAGE), node.key
        line = source.read_text("utf-8").splitlines()[code.line_number - 1]
        assert line.lstrip().startswith(("@dg.", "def ")), (node.key, line)
    assert not any("dagster/code_references" in spec.metadata for spec in declared.assets)


def test_every_asset_has_the_bytes_check_and_more(declared):
    by_asset: dict[str, set[str]] = {}
    for spec in declared.checks:
        by_asset.setdefault(spec.asset_key.to_user_string(), set()).add(spec.name)
        assert spec.description, spec.name
    assert by_asset.pop("signoff/approval") == {"approved_by_reviewer"}
    assert by_asset.keys() == ASSET_KEYS - {"signoff/approval"}
    for asset, names in by_asset.items():
        assert "bytes_match_materialized_digest" in names, asset
        assert len(names) >= 3, asset


def test_the_doctor_knows_what_each_job_stores(defs):
    for name, rows in doctor_jobs.items():
        taken = defs.resolve_job_def(name).asset_layer.selected_asset_keys
        assert {key.path[0] for key in taken if key.path[-1] == "raw"} == set(rows), name
    assert doctor_jobs.keys() == JOBS - OP_JOBS - {
        "report",
        "watch_upstream",
        "verify_storage",
        "verify_storage_deep",
    }


def test_datasets_need_no_meta_licence(defs):
    taken = defs.resolve_job_def("datasets").asset_layer.selected_asset_keys
    assert not any(key.path[0] == "meta_mtp" for key in taken)
    ancestors = set()
    assets = defs.resolve_asset_graph()
    for key in taken:
        ancestors |= assets.get_ancestor_asset_keys(key)
    assert not any(key.path[0] == "meta_mtp" for key in ancestors)


def test_the_import_of_the_definitions_loads_nothing_heavy(tmp_path):
    heavy = {"torch", "datasets", "transformers", "pandas", "matplotlib", "scipy"}
    # What only a cluster, a team, a backup or a notice needs.
    heavy |= {"dask", "distributed", "tornado", "dagster_postgres", "psycopg2"}
    heavy |= {"dagster_slack", "slack_sdk", "fsspec", "s3fs"}
    program = f"import sys, wmtp_assets.definitions; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
