"""Every row of a model has all its parts, and the whole graph follows from the rows."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import dagster as dg
import pytest

from wmtp_assets import models
from wmtp_assets.catalog import TOKEN_COUNT_MODEL
from wmtp_assets.definitions import build_definitions
from wmtp_assets.doctor.plans import JOBS
from wmtp_assets.evidence.judge import (
    AssetRow,
    CheckRow,
    Evidence,
    Materialization,
    is_ready,
    judge,
)
from wmtp_assets.evidence.steps import STEPS
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.layout.skeleton import SKELETON
from wmtp_assets.models.checks import MODEL_CHECKS
from wmtp_assets.models.row import TOKENIZER, ModelRow
from wmtp_assets.models.rows import MODELS, OPTIONAL, OPTIONAL_JOBS, REQUIRED
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.sample.checkpoints import WRITERS

PROJECT = Path(__file__).parents[1]
# What the rows share; every other module is a model's.
SHARED = {
    "__init__",
    "assets",
    "card",
    "checks",
    "configs",
    "llama",
    "meta_model",
    "metadata",
    "mtp_model",
    "recorded_proof",
    "row",
    "rows",
    "shared_checks",
    "shared_propositions",
    "stored_model",
    "strict_json",
    "tensor_shapes",
}
RAW_STEP, INTEGRITY = 2, 9
# The steps of the plan that ask for one model each.
MODEL_STEPS = (3, 4)

every_row = pytest.mark.parametrize("row", MODELS.values(), ids=MODELS)


def graph(root: Path, *, with_reward_model: bool) -> dg.Definitions:
    return build_definitions(
        catalog=PUBLISHED,
        source=MirrorSource(root),
        storage_root=root / "storage",
        docs_root=root / "docs",
        with_reward_model=with_reward_model,
    )


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return graph(tmp_path_factory.mktemp("graph"), with_reward_model=True)


def keys_of(definitions: dg.Definitions) -> set[str]:
    return {spec.key.to_user_string() for spec in definitions.resources["declared"].assets}


def taken_by(definitions: dg.Definitions, job: str) -> set[str]:
    taken = definitions.resolve_job_def(job).asset_layer.selected_asset_keys
    return {key.to_user_string() for key in taken}


def own_assets(row: ModelRow) -> set[str]:
    return {f"{row.name}/{part}" for part in ("raw", *row.parts)}


def test_every_module_of_a_model_is_in_the_list():
    modules = {path.stem for path in Path(models.__file__).parent.glob("*.py")}
    assert modules - SHARED == MODELS.keys()
    for name, row in MODELS.items():
        assert getattr(import_module(f"wmtp_assets.models.{name}"), name.upper()) is row
    assert {**REQUIRED, **OPTIONAL} == MODELS


@every_row
def test_the_parts_of_a_row_agree(row: ModelRow):
    published = row.published
    assert published.implementation.settings_file in {
        Path(file.pattern).name for file in published.raw
    }
    assert published.checkpoint in {file.pattern for file in published.raw}
    assert {published.implementation.width, published.implementation.heads} <= set(
        published.geometry
    )
    assert pickle.loads(pickle.dumps(row)) == row
    assert row.raw.endswith("."), "raw"
    assert row.descriptions.keys() == set(row.parts)
    for part, words in row.descriptions.items():
        assert words.startswith(row.title) and words.endswith("."), part
    assert row.form.checks.keys() | row.checks.keys() <= set(row.parts)
    # Nobody asks for an optional one but its own job.
    if row.optional:
        assert row.job and row.step is None, "an optional model has a job, and no step"
    else:
        assert row.step in MODEL_STEPS, "step"


def test_what_must_be_of_one_model_alone_is_not_shared():
    names = [row.job.name for row in MODELS.values() if row.job]
    folders = [row.published.folder for row in MODELS.values()]
    assert len(names) == len(set(names)) and len(folders) == len(set(folders))


def test_the_model_whose_tokenizer_counts_is_required_has_one_and_is_open():
    row = REQUIRED[TOKEN_COUNT_MODEL]
    assert TOKENIZER in row.parts and not row.published.repo.gated


@every_row
def test_each_catalog_and_the_sample_have_every_row(row: ModelRow):
    assert PUBLISHED.model(row.name) is row.published
    assert SAMPLE.model(row.name).implementation is row.published.implementation
    assert SAMPLE.model(row.name).parameters < row.published.parameters
    assert row.name in WRITERS, "wmtp_assets/sample/checkpoints.py"


@every_row
def test_assets_jobs_folders_and_steps_follow_from_a_row(row: ModelRow, defs):
    own = own_assets(row)
    assert {key for key in keys_of(defs) if key.startswith(f"{row.name}/")} == own
    jobs = [job for job in ("phase1", "models") if own <= taken_by(defs, job)]
    assert jobs == ([] if row.optional else ["phase1", "models"])
    for job in [*jobs, *([row.job.name] if row.job else [])]:
        assert own <= taken_by(defs, job) and row.name in JOBS[job]
    if row.job:
        taken = {key.split("/")[0] for key in taken_by(defs, row.job.name)}
        assert taken & MODELS.keys() == {row.name}
    made = own - {f"{row.name}/raw"}
    carried = {step.number: own & set(step.assets) for step in STEPS if own & set(step.assets)}
    assert carried == (
        {} if row.optional else {RAW_STEP: own - made, row.step: made, INTEGRITY: own}
    )
    folder = f"models_v2/{row.published.folder}/safetensors"
    assert (folder in SKELETON) is not row.optional


@every_row
def test_only_of_an_optional_model_nothing_counts_before_it_is_made(row: ModelRow, defs):
    specs = defs.resources["declared"].assets
    absent = [
        AssetRow(spec.key.to_user_string(), spec.group_name or "", "", None)
        for spec in specs
        if spec.key.path[0] == row.name
    ]
    checks = [judge(CheckRow(asset.key, "check", True, None), asset, "") for asset in absent]
    without = Evidence("", "", "", tuple(absent), tuple(checks))
    assert is_ready(without) is row.optional
    assert bool(without.artifacts) is not row.optional
    made = Materialization(1, "sha256:made", "run", 0.0, {}, {})
    present = replace(without, assets=tuple(replace(asset, latest=made) for asset in absent))
    assert {asset.key for asset in present.artifacts} == own_assets(row)
    assert not is_ready(present)
    assert (present.storage_digest == without.storage_digest) is row.optional


def test_without_the_setting_no_optional_model_is_in_the_graph(defs, tmp_path):
    without = graph(tmp_path, with_reward_model=False)
    optional = {key for row in OPTIONAL.values() for key in own_assets(row)}
    assert optional and keys_of(defs) - keys_of(without) == optional
    names = {job.name for job in without.resolve_all_job_defs()}
    assert OPTIONAL_JOBS and not names & set(OPTIONAL_JOBS)


# A fourth model, of a known implementation: its module, a line in rows.py, the sample's two lines.
FOURTH = '''"""Another LLaMA, with grouped heads."""

from dataclasses import replace

from wmtp_assets.models.llama import LLAMA_FORM
from wmtp_assets.models.ref_sheared import REF_SHEARED
from wmtp_assets.models.row import Job, ModelRow

_GEOMETRY = {**REF_SHEARED.published.geometry, "num_key_value_heads": 4}
_KV_WEIGHTS = 2 * 32 * (2560 - 4 * 128) * 2560

FOURTH = ModelRow(
    published=replace(
        REF_SHEARED.published,
        name="fourth",
        folder="fourth-llama",
        repo=replace(REF_SHEARED.published.repo, id="org/fourth", pins={}),
        geometry=_GEOMETRY,
        parameters=REF_SHEARED.published.parameters - _KV_WEIGHTS,
        status="STATUS",
    ),
    form=LLAMA_FORM,
    title="Fourth",
    release="Fourth-2.4B",
    raw="Fourth: sharded checkpoint as published.",
    step=STEP,
    group="GROUP",
    job=Job("fourth_model", "Materializes and checks the fourth model."),
)
'''
EDITS = {
    "models/rows.py": (
        ("REF_SHEARED, STARLING_RM)", "REF_SHEARED, STARLING_RM, FOURTH)"),
        (
            "from wmtp_assets.models.meta_mtp",
            "from wmtp_assets.models.fourth import FOURTH\n\\g<0>",
        ),
    ),
    "sample/catalog.py": (
        (
            '    "ref_sheared": {\n',
            '    "fourth": {"geometry": {"hidden_size": 64, "intermediate_size": 128, '
            '"num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1}, '
            '"parameters": 4170048, "raw_bytes": 16680192},\n\\g<0>',
        ),
    ),
    "sample/checkpoints.py": (
        ('    "ref_sheared": write_ref', '    "fourth": write_ref_sheared,\n\\g<0>'),
    ),
}


def copy_with_a_fourth(root: Path, *, optional: bool) -> Path:
    """The project, and a fourth model in it."""
    for package in ("wmtp_assets", "wmtp_assets_tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / package, root / package, ignore=ignored)
    shutil.copy(PROJECT / "pyproject.toml", root)
    text = FOURTH.replace("STATUS", "optional" if optional else "required")
    text = text.replace("STEP", "None" if optional else "4")
    # Beside another optional one in its group: both jobs still make their own model alone.
    text = text.replace("GROUP", "reward" if optional else "")
    (root / "wmtp_assets/models/fourth.py").write_text(text)
    for name, edits in EDITS.items():
        path = root / "wmtp_assets" / name
        for old, new in edits:
            changed, count = re.subn(re.escape(old), new, path.read_text())
            assert count == 1, (name, old)
            path.write_text(changed)
    return root


def run_in(root: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("WMTP_")}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *arguments],
        cwd=root,
        env=environment | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"[-4000:]
    return done.stdout


# Runs the job of the fourth model on the sample's row; `check: whether it passed` as JSON.
RUN = """
import json, sys
from pathlib import Path

import dagster as dg

from wmtp_assets.definitions import build_definitions
from wmtp_assets.hub.sources import MirrorSource
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.sample.checkpoints import WRITERS

root, model = Path(sys.argv[1]), SAMPLE.model("fourth")
folder = root / "mirror" / model.repo.id
folder.mkdir(parents=True)
WRITERS[model.name](folder, model)
definitions = build_definitions(
    catalog=SAMPLE,
    source=MirrorSource(root / "mirror"),
    storage_root=root / "storage",
    docs_root=root / "docs",
)
done = definitions.resolve_job_def("fourth_model").execute_in_process(
    instance=dg.DagsterInstance.ephemeral(), raise_on_error=False
)
found = {e.asset_check_key: e.passed for e in done.get_asset_check_evaluations()}
print(json.dumps({
    f"{spec.asset_key.to_user_string()} {spec.name}": found.get(spec.key)
    for spec in definitions.resources["declared"].checks
    if spec.asset_key.path[0] == model.name
}))
"""


@pytest.mark.long
def test_all_else_follows_from_the_row_of_an_optional_fourth_model(tmp_path: Path):
    """For a required one `test_extending` shows it."""
    root = copy_with_a_fourth(tmp_path, optional=True)
    tests = ("test_models.py", "test_datasets.py", "test_source.py")
    files = (f"wmtp_assets_tests/{name}" for name in tests)
    told = run_in(root, "-m", "pytest", "-vv", *files, "-m", "not long")
    assert told.count("[fourth] PASSED") == 4


@pytest.mark.long
def test_a_fourth_model_is_made_and_passes_all_its_checks(tmp_path: Path):
    root = copy_with_a_fourth(tmp_path, optional=False)
    checks = json.loads(run_in(root, "-c", RUN, str(tmp_path)).splitlines()[-1])
    assert [check for check, passed in checks.items() if not passed] == []
    sheared = [spec for spec in MODEL_CHECKS if spec.startswith("ref_sheared/")]
    assert {check.split()[0] for check in checks} == {
        "fourth/raw",
        *(key.replace("ref_sheared", "fourth") for key in sheared),
    }
