"""Who writes the repository of each dataset of the sample."""

from collections.abc import Callable, Mapping
from pathlib import Path

from wmtp_assets.sample.codecontests import write_codecontests
from wmtp_assets.sample.humaneval import write_humaneval
from wmtp_assets.sample.mbpp import write_mbpp

WRITERS: Mapping[str, Callable[[Path], None]] = {
    "codecontests": write_codecontests,
    "mbpp": write_mbpp,
    "humaneval": write_humaneval,
}
