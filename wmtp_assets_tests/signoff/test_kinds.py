"""The two kinds of propositions as the record and a reviewer meet them."""

from dataclasses import replace

from wmtp_assets.catalog import AcceptedFinding
from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.propositions import upstream
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import Outcome
from wmtp_assets_tests.signoff.world import GOOD, WARN, World, train_checks

EVEN = upstream("Nothing is odd", "the rows are upstream's")


def test_a_finding_about_upstream_warns_and_the_run_succeeds(world: World):
    assert world.run("phase1", WARN)
    assert world.judged("no_oddities").outcome == Outcome.WARNED


def test_a_check_about_upstream_that_cannot_judge_is_an_error_nobody_can_acknowledge(world: World):
    def unreadable(deployment, state):
        raise BadInput("row 3 is cut", ["train.jsonl"], "materialize it again")

    world.code(checks_on("mbpp/train", CheckGroup(unreadable, {"no_oddities": EVEN})))
    assert world.run("phase1", GOOD)
    assert world.judged("no_oddities").outcome == Outcome.FAILED


def test_an_accepted_row_of_the_catalog_works_for_every_check(world: World):
    row = AcceptedFinding("mbpp/train", "no_oddities", "row 3 is odd", "as published")
    catalog = replace(world.deployment.catalog, accepted_findings=(row,))
    world.deployment = replace(world.deployment, catalog=catalog)
    world.code(train_checks)
    assert world.run("phase1", WARN)
    judged = world.judged("no_oddities")
    assert judged.outcome == Outcome.PASSED
    assert judged.finding == "accepted in the catalog: row 3 is odd (as published)"
