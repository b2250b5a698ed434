"""`python -m wmtp_assets_tests.fuzzing [EXAMPLES]`: damage small files, print how it ended.

2,000 examples unless another number is given. Exit 1 if any ended otherwise than passed, failed or
refused by name, within 10 s and 1 GiB.
"""

import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from wmtp_assets_tests.fuzzing.fuzzer import Account, fuzzer, plan

EXAMPLES = 2000


def main(arguments: list[str]) -> int:
    examples = int(arguments[0]) if arguments else EXAMPLES
    only = arguments[1:]
    with tempfile.TemporaryDirectory() as folder, fuzzer(Path(folder)) as made:
        started = time.monotonic()
        for kind, number in plan(made.kinds, examples).items():
            if not only or kind in only:
                began = time.monotonic()
                account = made.run(kind, number)
                for fault in account.faults:
                    print(f"fault: {fault}", flush=True)
                print(f"{kind}: {number} in {time.monotonic() - began:.1f} s", flush=True)
        print(table(made.accounts), f"{time.monotonic() - started:.0f} s")
        return 1 if any(account.faults for account in made.accounts.values()) else 0


def table(accounts: Mapping[str, Account]) -> str:
    """Kinds of file under their headings, and the sum."""
    heads = ("passed", "failed", "refused", "worst s", "MiB", "faults")
    lines = [f"{'kind':<35}{'examples':>9}" + "".join(f"{head:>8}" for head in heads)]
    lines += [
        f"{kind:<35}{a.examples:>9,}{a.passed:>8,}{a.failed:>8,}{a.refused:>8,}"
        f"{a.worst_seconds:>8.2f}{a.worst_bytes / 2**20:>8.0f}{len(a.faults):>8}"
        for kind, a in [*accounts.items(), ("all", total(accounts))]
    ]
    return "\n".join(lines)


def total(accounts: Mapping[str, Account]) -> Account:
    every = accounts.values()
    return Account(
        examples=sum(a.examples for a in every),
        passed=sum(a.passed for a in every),
        failed=sum(a.failed for a in every),
        refused=sum(a.refused for a in every),
        worst_seconds=max(a.worst_seconds for a in every),
        worst_bytes=max(a.worst_bytes for a in every),
        faults=[fault for a in every for fault in a.faults],
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
