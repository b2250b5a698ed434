"""`python -m wmtp_assets_tests.hub.loopback_graph`: job phase1 on the sample's files, from a hub.

The settings of the environment (WMTP_SOURCE=hub, WMTP_STORAGE_ROOT, WMTP_DOCS_ROOT, HF_ENDPOINT)
and the real source, with the sample's catalog in place of the published one. The last line printed
is a JSON object: whether the run succeeded, the checks that were not evaluated, the ones that did
not pass, the sources that the raw files were recorded with.
"""

import json
import os
import tempfile

import dagster as dg
from dagster._core.definitions.dependency import NodeHandle

from wmtp_assets.definitions import build_definitions
from wmtp_assets.hub.sources import HubSource
from wmtp_assets.sample.catalog import SAMPLE
from wmtp_assets.settings import read_settings
from wmtp_assets.signoff.__main__ import record


def main() -> None:
    settings = read_settings()
    assert settings.source == "hub"
    definitions = build_definitions(
        catalog=SAMPLE,
        source=HubSource(),
        storage_root=settings.storage,
        docs_root=settings.docs,
        workers=settings.workers,
        with_reward_model=False,
    )
    job = definitions.resolve_job_def("phase1")
    with tempfile.TemporaryDirectory() as home:
        os.environ["DAGSTER_HOME"] = home
        with record() as instance:
            result = job.execute_in_process(instance=instance, raise_on_error=False)
        checks = result.get_asset_check_evaluations()
        made = result.get_asset_materialization_events()
    evaluated = {check.asset_check_key for check in checks}
    entities = job.asset_layer.get_selected_entity_keys_for_node
    keys = {key for node in job.nodes for key in entities(NodeHandle(node.name, None))}
    wanted = {key for key in keys if isinstance(key, dg.AssetCheckKey)}
    sources = {
        event.step_materialization_data.materialization.metadata["source"].value
        for event in made
        if event.asset_key.path[-1] == "raw"
    }
    not_passed = [c.asset_check_key.to_user_string() for c in checks if not c.passed]
    facts = {
        "success": result.success,
        "evaluated": len(evaluated),
        "not_evaluated": sorted(key.to_user_string() for key in wanted - evaluated),
        "not_passed": sorted(not_passed),
        "sources": sorted(sources),
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
