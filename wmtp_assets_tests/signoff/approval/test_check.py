"""The check of the approval as its page shows it, and how often a refusal is told."""

from collections.abc import Mapping

import dagster as dg
import pytest

from wmtp_assets.approval.events import APPROVAL_KEY, latest_result
from wmtp_assets.checking.acknowledging import COMMAND
from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import ours
from wmtp_assets.errors import BadInput
from wmtp_assets.markup import escape_links, without_links
from wmtp_assets_tests.signoff.world import GOOD, WARN, WRONG, World

PAGE = "/assets/mbpp/train?view=checks&checkDetail="
KEY = dg.AssetCheckKey(APPROVAL_KEY, "approved_by_reviewer")


def result(world: World) -> dg.AssetCheckEvaluation:
    storage = world.instance.event_log_storage
    newest = storage.get_latest_asset_check_execution_by_key([KEY])[KEY]
    return newest.event.dagster_event.asset_check_evaluation_data


def shown(world: World) -> Mapping[str, object]:
    return {
        name: [dict(r.data) for r in value.records]
        if isinstance(value, dg.TableMetadataValue)
        else value.value
        for name, value in result(world).metadata.items()
    }


@pytest.fixture
def warned(world: World) -> World:
    assert world.run("phase1", WARN)
    world.run("report")
    return world


def test_the_first_line_names_the_warning_with_a_link_to_its_page(warned: World):
    first = result(warned).description
    assert first.startswith("Not passed, 1 of ")
    assert f" checks: [mbpp/train no_oddities]({PAGE}no_oddities) (warned). " in first
    assert ". absent: awaiting approval" in first


def test_the_worst_comes_first(warned: World):
    assert not warned.run("phase1", WRONG)
    warned.run("report")
    assert f"({PAGE}rows_parse) (failed)" in result(warned).description.split(",")[1]


def test_where_all_passed_the_first_line_says_so(world: World):
    world.make_approvable()
    assert result(world).description.startswith(
        f"All {len(world.evidence.counting)} checks passed. absent: "
    )


def test_an_acknowledged_warning_is_in_nobody_s_way(warned: World):
    digest = warned.judged("no_oddities").digest
    assert shown(warned)["reasons_against"] == 1
    assert shown(warned)["acknowledged_warnings"] == []
    assert shown(warned)[COMMAND].endswith(f" --acknowledge {digest}")
    warned.approve(acknowledge=[digest])
    assert result(warned).passed
    assert shown(warned)["reasons_against"] == 0
    assert shown(warned)["in_the_way_of_an_approval"] == []
    [row] = shown(warned)["acknowledged_warnings"]
    assert row["warning"].startswith(f"warned mbpp/train no_oddities {digest} ")
    assert COMMAND not in shown(warned)
    assert f"({PAGE}no_oddities) (warned, acknowledged)" in result(warned).description


def test_what_warns_after_an_approval_is_told_as_open(world: World):
    world.make_approvable().approve()
    group = CheckGroup(_strange, {"rows_parse": ours("It", "ours")})
    assert shown(world)["reasons_against"] == 0
    world.code(checks_on("mbpp/train", group))
    world.run("verify")
    world.run("report")
    assert shown(world)["reasons_against"] > 0


def test_a_suspended_approval_has_to_acknowledge_anew(warned: World):
    warned.approve(acknowledge=[warned.judged("no_oddities").digest])
    warned.file.write_bytes(b"rot!")
    warned.run("report")
    assert shown(warned)["standing"] == "suspended"
    assert shown(warned)["acknowledged_warnings"] == []
    assert "acknowledged" not in result(warned).description.split(". suspended")[0]


LONG = "id: int64, " * 2000


def _strange(deployment, state) -> dict[str, Finding]:
    return {"rows_parse": Finding(False, f"the schema is another: {LONG}")}


def test_a_long_finding_does_not_fill_the_sentence_or_the_table(world: World):
    world.code(checks_on("mbpp/train", CheckGroup(_strange, {"rows_parse": ours("It", "ours")})))
    world.run("phase1", GOOD)
    world.run("report")
    assert "int64" not in result(world).description
    assert all(len(row["reason"]) < 400 for row in shown(world)["in_the_way_of_an_approval"])


def test_alarms_are_told_the_state_without_markdown(warned: World):
    state, says = latest_result(warned.instance, warned.store)
    assert (state, says) == ("absent", "absent: awaiting approval: no reviewer has decided yet")


def test_a_console_is_told_the_words_of_the_links(warned: World):
    says = without_links(result(warned).description)
    assert " checks: mbpp/train no_oddities (warned). absent: " in says
    assert "/assets/" not in says
    escaped = escape_links("[x](/assets/y)")
    assert without_links(escaped) == escaped


def test_a_refusal_is_told_once(warned: World, capfd: pytest.CaptureFixture):
    with pytest.raises(BadInput) as refused:
        warned.approve()
    digest = warned.judged("no_oddities").digest
    printed = "".join(capfd.readouterr()) + str(refused.value)
    assert printed.count(warned.judged("no_oddities").line) == 1, printed
    assert printed.count("Fix: ") == 1 and f"--acknowledge {digest}" in printed


def test_the_page_of_a_refused_run_has_the_reason_all_the_same(warned: World):
    with pytest.raises(BadInput):
        warned.approve()
    [run] = warned.instance.get_runs(dg.RunsFilter(job_name="review_phase1"), limit=1)
    logged = [entry.user_message for entry in warned.instance.all_logs(run.run_id)]
    assert any(line.startswith("approval refused: not acknowledged") for line in logged)
