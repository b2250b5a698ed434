"""The Meta model through Dagster on a real instance, and its proof after the source was removed."""

import dagster as dg
import pytest

from wmtp_assets.deployment import Deployment
from wmtp_assets.layout.assets import storage_layout
from wmtp_assets.models.assets import model_assets
from wmtp_assets.models.checks import model_checks
from wmtp_assets.models.micro.assets import micro_assets
from wmtp_assets.models.micro.checks import micro_checks
from wmtp_assets.raw.assets import raw_assets
from wmtp_assets.raw.checks import raw_asset_checks
from wmtp_assets.store import Store
from wmtp_assets_tests.models.tiny import TinyStorage, damaged, flip

pytestmark = pytest.mark.long

PROVEN = "meta_mtp/safetensors"
SELECTED = [
    "storage_layout",
    *(f"meta_mtp/{part}" for part in ("raw", "tokenizer", "configs", "safetensors", "metadata")),
    "ref_sheared/tokenizer",
    "micro_mtp",
]


class Run:
    """A storage of its own, the mirror of the tiny one, and a Dagster instance."""

    def __init__(self, root, mirror, instance: dg.DagsterInstance):
        self.deployment = Deployment(
            mirror.catalog, mirror.source, Store(root / "storage", root / "docs")
        )
        self.instance = instance
        self.definitions = dg.Definitions(
            assets=[storage_layout, raw_assets["meta_mtp/raw"], *model_assets, *micro_assets],
            asset_checks=[raw_asset_checks["meta_mtp/raw"], *model_checks, *micro_checks],
            resources={"deployment": self.deployment},
            jobs=[
                dg.define_asset_job("all", selection=dg.AssetSelection.assets(*SELECTED)),
                dg.define_asset_job(
                    "proof",
                    selection=dg.AssetSelection.checks(
                        dg.AssetCheckKey(dg.AssetKey(PROVEN.split("/")), "tensors_equal_source")
                    ),
                ),
            ],
        )

    def job(self, name: str) -> dict[tuple[str, str], tuple[bool, str]]:
        done = self.definitions.resolve_job_def(name).execute_in_process(
            instance=self.instance, raise_on_error=False
        )
        self.succeeded = done.success
        return {
            (e.asset_key.to_user_string(), e.check_name): (e.passed, e.description or "")
            for e in done.get_asset_check_evaluations()
        }

    def post_pass(self) -> None:
        """What anybody can do who reaches the webserver."""
        self.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                dg.AssetKey(PROVEN.split("/")), "tensors_equal_source", passed=True
            )
        )

    def proof(self) -> tuple[bool, str]:
        return self.job("proof")[PROVEN, "tensors_equal_source"]


@pytest.fixture(scope="module")
def run(tiny: TinyStorage, tmp_path_factory):
    root = tmp_path_factory.mktemp("run")
    (root / "home").mkdir()
    with dg.DagsterInstance.local_temp(str(root / "home")) as instance:
        yield Run(root, tiny.deployment, instance)


def test_the_graph_runs_every_check_passes_and_the_proof_outlives_its_source(run: Run):
    found = run.job("all")
    assert run.succeeded
    assert {key for key, (passed, _) in found.items() if not passed} == set()
    declared = {
        (spec.asset_key.to_user_string(), spec.name)
        for definition in (raw_asset_checks["meta_mtp/raw"], *model_checks, *micro_checks)
        for spec in definition.check_specs
        if spec.asset_key.to_user_string() in SELECTED
    }
    assert found.keys() == declared

    folder = run.deployment.store.model(run.deployment.catalog.model("meta_mtp").folder)
    source = folder.raw / run.deployment.catalog.model("meta_mtp").checkpoint
    with damaged(source, lambda data: None):
        passed, sentence = run.proof()
        assert passed and "no longer on disk; the proof of 20" in sentence
        with damaged(folder.weights, flip(-1)):
            passed, sentence = run.proof()
            assert not passed and "no run proved the bytes that are there now" in sentence
        for _ in range(110):
            run.post_pass()
        assert run.proof()[0], "what was posted hides the proof"
    assert "bit for bit" in run.proof()[1]
