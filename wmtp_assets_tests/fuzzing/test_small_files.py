"""500 damaged small files: each reading ends as passed, failed or refused, in 10 s and 1 GiB.

What the fuzzer found once stands as a plain test beside what was mended; here it looks for more.
`python -m wmtp_assets_tests.fuzzing 20000` looks longer.
"""

from collections.abc import Iterator

import pytest

from wmtp_assets_tests.fuzzing.__main__ import table
from wmtp_assets_tests.fuzzing.fuzzer import Fuzzer, fuzzer, plan

pytestmark = pytest.mark.long

EXAMPLES = 500


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fuzzer]:
    with fuzzer(tmp_path_factory.mktemp("fuzzed")) as made:
        yield made


def test_every_kind_of_file_is_read_to_an_end(made: Fuzzer):
    for kind, examples in plan(made.kinds, EXAMPLES).items():
        made.run(kind, examples)
    told = table(made.accounts)
    print(told)
    faults = [fault for account in made.accounts.values() for fault in account.faults]
    assert not faults, "\n".join([told, *faults])
    assert sum(account.examples for account in made.accounts.values()) == EXAMPLES
    # Damage that nothing notices would be no test: most of it has to be found.
    found = {kind: a.failed + a.refused for kind, a in made.accounts.items()}
    assert [kind for kind, number in found.items() if not number] == []


def test_a_reading_that_never_ends_or_dies_is_a_fault(made: Fuzzer):
    """The fuzzer itself: what hangs is killed, and told."""
    made.seconds = 0.5
    made.stop_worker()
    assert made.ask(0, b"{}").faults == ("no end after 1 s",)
