"""The webserver of reviewers, `dagster-webserver --read-only`, asked to change something.

It takes 5 s to start, hence marked long.
"""

from urllib.parse import quote

import dagster as dg
import pytest

from wmtp_assets_tests.signoff.world import GOOD, TRAIN, World
from wmtp_assets_tests.team.webserver import running_webserver

pytestmark = pytest.mark.long

WHERE = '{repositoryName: "__repository__", repositoryLocationName: "wmtp_assets.definitions"'
ASSET = '{path: ["mbpp", "train"]}'
TOLD = "{ __typename ... on Error { message } }"
# What a person, or a page in a person's browser, could try; each with its arguments in full, since
# a wrong argument is refused before a right is asked for.
MUTATIONS = {
    "launchRun": f'(executionParams: {{selector: {WHERE}, jobName: "report"}}}}) {TOLD}',
    "launchMultipleRuns": (
        f'(executionParamsList: [{{selector: {WHERE}, jobName: "report"}}}}])'
        " { ... on LaunchMultipleRunsResult { launchMultipleRunsResult { __typename } } }"
    ),
    "launchRunReexecution": (
        f'(executionParams: {{selector: {WHERE}, jobName: "report"}},'
        ' executionMetadata: {parentRunId: "RUN", rootRunId: "RUN"}})'
        f" {TOLD}"
    ),
    "launchPartitionBackfill": (
        f"(backfillParams: {{assetSelection: [{ASSET}], allPartitions: true}}) {TOLD}"
    ),
    "terminateRun": '(runId: "RUN") { __typename ... on TerminateRunFailure { message } }',
    "deleteRun": f'(runId: "RUN") {TOLD}',
    "wipeAssets": f"(assetPartitionRanges: [{{assetKey: {ASSET}}}]) {TOLD}",
    "reportRunlessAssetEvents": (
        f"(eventParams: {{eventType: ASSET_MATERIALIZATION, assetKey: {ASSET}}}) {TOLD}"
    ),
    "reportAssetCheckEvaluations": (
        f'(eventParams: {{assetKey: {ASSET}, checkName: "rows_parse", passed: true}}) {TOLD}'
    ),
    "startSensor": f'(sensorSelector: {WHERE}, sensorName: "evidence_alarms"}}) {TOLD}',
    "setSensorCursor": f'(sensorSelector: {WHERE}, sensorName: "evidence_alarms"}}) {TOLD}',
    "startSchedule": f'(scheduleSelector: {WHERE}, scheduleName: "daily_verification"}}) {TOLD}',
    "setConcurrencyLimit": '(concurrencyKey: "fetch_mbpp", limit: 0)',
    "deleteConcurrencyLimit": '(concurrencyKey: "fetch_mbpp")',
    "freeConcurrencySlots": '(runId: "RUN")',
    "reloadWorkspace": TOLD,
    "reloadRepositoryLocation": f'(repositoryLocationName: "wmtp_assets.definitions") {TOLD}',
    "shutdownRepositoryLocation": f'(repositoryLocationName: "wmtp_assets.definitions") {TOLD}',
}
REFUSALS = ("UnauthorizedError", "You do not have permission")
POSTS = ("report_asset_check", "report_asset_materialization", "report_asset_observation")
POSTED = {"check_name": "rows_parse", "passed": True}
CHECK = dg.AssetCheckKey(TRAIN, "rows_parse")


@pytest.fixture
def recorded(world: World) -> World:
    """A record in which something can be spoilt."""
    assert world.run("phase1", GOOD)
    world.instance.event_log_storage.set_concurrency_slots("fetch_mbpp", 1)
    return world


def mutation(name: str, run_id: str = "") -> str:
    return f"mutation {{ {name}{MUTATIONS[name].replace('RUN', run_id)} }}"


def changeable(instance: dg.DagsterInstance) -> dict[str, object]:
    """All that the mutations and posts would change."""
    log = instance.event_log_storage
    return {
        "runs": [(run.run_id, run.status) for run in instance.get_runs()],
        "newest event": log.get_maximum_record_id(),
        "check": log.get_latest_asset_check_execution_by_key([CHECK]),
        "sensors and schedules": instance.all_instigator_state(),
        "pools": log.get_pool_limits(),
        "assets": sorted(instance.all_asset_keys()),
    }


def test_a_reviewer_reads_all_and_changes_nothing(recorded: World):
    before, evidence = changeable(recorded.instance), recorded.evidence
    [run] = recorded.instance.get_runs()
    with running_webserver("--read-only") as webserver:
        assert webserver.serves_pages_and_runs
        for name in MUTATIONS:
            told = str(webserver.query(mutation(name, run.run_id)))
            assert any(refusal in told for refusal in REFUSALS), (name, told)
        for path in POSTS:
            status, told = webserver.ask(f"/{path}/mbpp/train", POSTED)
            assert status == 401 and "Not authorized" in told, (path, told)
    assert changeable(recorded.instance) == before and recorded.evidence == evidence


def test_a_link_in_another_page_starts_a_run_where_it_is_not_read_only(recorded: World):
    # Rests on it: nginx.conf refuses GET of /graphql, and requests of pages from elsewhere.
    link = f"/graphql?query={quote(mutation('launchRun'))}"
    elsewhere = {"Accept": "image/*", "Origin": "http://elsewhere.example"}
    with running_webserver() as webserver:
        told = webserver.ask(link, **elsewhere)[1]
        posted = webserver.ask(f"/{POSTS[0]}/mbpp/train", POSTED, **elsewhere)
    assert "LaunchRunSuccess" in told, told
    assert posted[0] == 200 and recorded.judged("rows_parse").check.latest.run_id
    assert len(recorded.instance.get_runs()) == 2
