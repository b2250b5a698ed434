"""The same tests on Postgres: all states of evidence, and decisions found behind posted ones.

They take the fixture `world` that is beside this file.
"""

import pytest

from wmtp_assets_tests.signoff import test_record as record
from wmtp_assets_tests.signoff.approval import test_approval_state as standing
from wmtp_assets_tests.signoff.approval import test_states as states

pytestmark = pytest.mark.long

approved = standing.approved

test_all_states = states.test_the_state_of_a_check_and_whether_the_storage_can_be_approved
test_acknowledged = states.test_an_acknowledged_warning_can_be_approved_and_is_in_the_manifest
test_repair = record.test_a_failure_does_not_haunt_a_repair_with_equal_bytes
test_another_root = record.test_another_storage_root_has_no_evidence
test_printable = standing.test_the_ui_shows_who_approved_and_that_it_is_not_signed
test_newer_failure = standing.test_a_newer_failed_check_suspends_it_until_it_passes
test_removed = standing.test_a_removed_decision_is_known_to_the_record
test_posted_decisions = standing.test_posted_decisions_hide_no_removed_one
test_posted_over_suspended = standing.test_a_posted_materialization_brings_no_approval_back
test_unrecorded = standing.test_an_approval_that_no_run_recorded_does_not_count
