"""`python -m wmtp_assets.sample`: everything with its checks, from the sample (rehearse.py)."""

from wmtp_assets.stopping import Stop, stoppable


def main(stop: Stop) -> int:
    """The rehearsal; a signal ends it while it is imported too."""
    from wmtp_assets.rehearse import main as rehearse

    return rehearse(stop)


if __name__ == "__main__":
    stoppable(main, "make sample goes on")
