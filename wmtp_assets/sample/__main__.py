"""`python -m wmtp_assets.sample`: everything with its checks, from the sample (rehearse.py).

It works below `.sample/` of the working folder, with a record of its own there.
"""

import os
import sys
import warnings

from wmtp_assets.stopping import Stop, stoppable


def main(stop: Stop) -> int:
    """Prepare the record and run the rehearsal; a signal ends it while modules load too.

    Returns:
        The exit code.
    """
    from wmtp_assets.errors import BadInput
    from wmtp_assets.printable import say
    from wmtp_assets.record_home import rehearse_only, use_record_of

    rehearse_only()
    try:
        use_record_of("sample")
    except BadInput as error:
        say(error, file=sys.stderr)
        return 1
    warnings.simplefilter("ignore")
    os.environ["PYTHONWARNINGS"] = "ignore"
    say("the sample: random weights, under the names of upstream; nothing is downloaded")
    say("it takes half a minute to two, and 1.5 GB below .sample/")
    # Only now: what it imports looks at the environment and warns.
    from wmtp_assets import rehearse

    return rehearse.main(stop)


if __name__ == "__main__":
    stoppable(main, "the same command goes on")
