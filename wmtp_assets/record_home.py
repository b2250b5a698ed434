"""Where the sample and the UI of one person keep the Dagster record: below the working folder.

The record of a rehearsal never becomes evidence for the real storage: it lies beside the sample,
whatever DAGSTER_HOME says, and the settings of a real run are left aside.
"""

import os
from pathlib import Path

from wmtp_assets.errors import BadInput
from wmtp_assets.project_yaml import put_yaml
from wmtp_assets.setting_values import wrong_with_record
from wmtp_assets.settings import PREFIX, SAMPLE_ROOT, Settings

HOMES = {"sample": SAMPLE_ROOT / "dagster_home"}
HOME = Path(".dagster_home")
# Says nothing about what is made, or where.
KEPT = {"WMTP_WORKERS"}


def rehearse_only() -> None:
    """Take the settings of a real run out of the environment of this process and its children."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} - KEPT
    for name in [name for name in os.environ if name.upper() in known]:
        del os.environ[name]


def use_record_of(source: str) -> Path:
    """Make the record's folder of a source, and let this process and its children use it.

    Raises:
        BadInput: It cannot hold a record.
    """
    home = HOMES.get(source, HOME).absolute()
    try:
        home.mkdir(parents=True, exist_ok=True)
        wrong = wrong_with_record(str(home))
        if not wrong:
            put_yaml(home)
    except OSError as error:
        wrong = f"{home} ({error.strerror})"
    if wrong:
        raise BadInput("the record cannot be here", [wrong], "run it in another folder")
    os.environ["DAGSTER_HOME"] = str(home)
    return home
