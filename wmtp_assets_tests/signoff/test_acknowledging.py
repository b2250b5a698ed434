"""The page of a warned check shows the one digest that acknowledges it, and nothing else does."""

import shlex

import dagster as dg
import pytest

from wmtp_assets.approval.state import ApprovalState
from wmtp_assets.checking.acknowledging import COMMAND, DIGEST, approve_command
from wmtp_assets.checking.asset_checks import checks_on
from wmtp_assets.checking.check_group import CheckGroup
from wmtp_assets.checking.findings import Finding
from wmtp_assets.checking.propositions import upstream
from wmtp_assets.errors import BadInput
from wmtp_assets.evidence.judge import Outcome
from wmtp_assets.signoff.__main__ import parse
from wmtp_assets_tests.signoff.world import GOOD, TRAIN, WARN, World

ODD, STRANGE = (upstream(f"Nothing is {what}", "upstream's") for what in ("odd", "strange"))
# As varied as evidence of checks is: what the record gives back has to give the same digest.
TABLE = dg.MetadataValue.table(records=[dg.TableRecord({"first": "a", "similarity": 0.9167})])
EVIDENCE = {"culprits": ("a", "b"), "count": 2, "share": 0.1, "none": None, "pairs": TABLE}


def shown(world: World, check: str) -> dict[str, str]:
    """What the page of the check shows below its sentence."""
    key = dg.AssetCheckKey(TRAIN, check)
    newest = world.instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    result = newest.event.dagster_event.asset_check_evaluation_data
    return {name: value.value for name, value in result.metadata.items()}


def warning_in(world: World, evidence: dict, summary: str = "row 3 is odd <b>") -> None:
    """Two checks that warn in the same words."""

    def found(deployment, state):
        return dict.fromkeys(("odd", "strange"), Finding(False, summary, evidence))

    world.code(checks_on("mbpp/train", CheckGroup(found, {"odd": ODD, "strange": STRANGE})))
    assert world.run("phase1", GOOD)


def test_a_warning_shows_the_digest_that_acknowledges_it(world: World):
    warning_in(world, EVIDENCE)
    for check in ("odd", "strange"):
        assert world.judged(check).outcome == Outcome.WARNED
        assert shown(world, check)[DIGEST] == world.judged(check).digest


def test_the_command_shown_is_one_that_approves(world: World):
    warning_in(world, EVIDENCE)
    program, *arguments = shlex.split(shown(world, "odd")[COMMAND])[2:]
    options = parse(arguments)
    assert (program, options.command) == ("wmtp_assets.signoff", "approve")
    assert options.acknowledge == [world.judged("odd").digest]
    assert parse(shlex.split(approve_command(["a", "b"]))[3:]).acknowledge == ["a", "b"]
    assert parse(shlex.split(approve_command([]))[3:]).acknowledge == []


def test_it_is_the_only_digest_of_a_finding_on_the_page(world: World):
    warning_in(world, EVIDENCE)
    digests = [name for name in shown(world, "odd") if "sha256" in name or "digest" in name]
    assert sorted(digests) == [DIGEST, "content_sha256"]


def test_what_passed_shows_none(world: World):
    assert world.run("phase1", GOOD)
    assert DIGEST not in shown(world, "no_oddities")
    assert world.run("phase1", WARN)
    assert DIGEST in shown(world, "no_oddities")
    assert DIGEST not in shown(world, "rows_parse")


def test_the_digest_of_one_finding_acknowledges_no_other(world: World):
    warning_in(world, EVIDENCE)
    assert world.run("report")
    of_one, of_other = (shown(world, check)[DIGEST] for check in ("odd", "strange"))
    with pytest.raises(BadInput, match=f"not acknowledged: warned mbpp/train strange {of_other}"):
        world.approve(acknowledge=[of_one])
    world.approve(acknowledge=[of_one, of_other])
    assert world.approval.state == ApprovalState.APPROVED


@pytest.mark.parametrize(
    "beyond", [{"culprits": ("a", "c")}, {"count": 3}, {"pairs": "none"}, {"more": "than that"}]
)
def test_a_finding_that_changed_needs_another_digest(world: World, beyond: dict):
    warning_in(world, EVIDENCE)
    before = shown(world, "odd")[DIGEST]
    warning_in(world, {**EVIDENCE, **beyond})
    assert world.run("report")
    assert shown(world, "odd")[DIGEST] != before
    with pytest.raises(BadInput, match=f"no warning has the digest {before}"):
        world.approve(acknowledge=[before, shown(world, "strange")[DIGEST]])


@pytest.mark.parametrize("name", [DIGEST, COMMAND, "content_sha256", "storage_root", "finding"])
def test_a_check_cannot_state_the_digest_of_another_finding(world: World, name: str):
    """Names of ours are ours, whatever a check found: else its evidence could change unseen."""
    warning_in(world, {**EVIDENCE, name: "ff00ff00ff00ff00"})
    found = shown(world, "odd")
    assert found[DIGEST] == world.judged("odd").digest != "ff00ff00ff00ff00"
    assert "ff00ff00ff00ff00" not in found.values()
