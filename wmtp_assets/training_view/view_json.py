"""VIEW.json: what a view shows, of which content of the storage. A folder without it is no view."""

from pathlib import Path
from typing import Literal

from wmtp_assets.errors import BadInput
from wmtp_assets.files import file_io
from wmtp_assets.files.regular import read_small
from wmtp_assets.files.strict import parse_json
from wmtp_assets.files.strict_model import StrictModel, validated
from wmtp_assets.training_view.layout import LayoutName

VIEW = "VIEW.json"
FORMAT = "wmtp-training-view-1"
LinkName = Literal["hard", "symbolic", "copy"]


class ViewFile(StrictModel):
    """A file of a view; `shows` is the path of the stored file, None of what was made anew."""

    size_bytes: int
    sha256: str
    shows: str | None


class View(StrictModel):
    """What a view says of itself.

    Attributes:
        catalog: `sample` has random weights.
        storage_digest: The content that it shows, as `signoff status` prints it.
        approved_by_decision: The number of the decision that approved just this content when the
            view was written; None if none did.
        files: Path in the view -> the file.
    """

    format: Literal["wmtp-training-view-1"] = FORMAT
    layout: LayoutName
    link: LinkName
    catalog: str
    storage_digest: str
    approved_by_decision: int | None
    files: dict[str, ViewFile]


def write_view_json(folder: Path, view: View) -> None:
    """Write it, for people and programs alike."""
    file_io.write_json(folder / VIEW, view.model_dump())


def read_view(folder: Path) -> View:
    """Read what a view says of itself.

    Raises:
        BadInput: The folder has no VIEW.json of this project.
    """
    fix = "name the folder of a view, or another one for a new view; move this one away if need be"
    try:
        return validated(View, parse_json(read_small(folder / VIEW, root=folder)))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput(f"no view: the folder has no {VIEW}", [folder], fix) from error
    except ValueError as error:
        raise BadInput(f"no view: its {VIEW} is none of ours ({error})", [folder], fix) from error
