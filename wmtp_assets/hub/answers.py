"""The shapes of the Hub's answers, as far as they are read; what else they say is ignored.

Only what must be there is asked for: sizes, digests and commits are believed by their form
(`facts.py`), because mirrors behind HF_ENDPOINT leave them out.
"""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, StrictStr, ValidationError

MOST_CULPRITS = 3


class LfsAnswer(BaseModel):
    """What is said of a file that lies in LFS."""

    sha256: Any
    size: Any = None


class FileAnswer(BaseModel):
    """A file of a listing."""

    rfilename: StrictStr
    size: Any = None
    blobId: Any = None
    lfs: Annotated[LfsAnswer | None, BeforeValidator(lambda stated: stated or None)] = None


class RepoAnswer(BaseModel):
    """A repository at a revision."""

    # owner/name, as the Hub forms them
    id: Annotated[StrictStr, Field(pattern=r"^[0-9A-Za-z._/-]{1,200}$")]
    sha: Any = None
    gated: Any = None
    siblings: list[FileAnswer] | None = Field(None, fail_fast=True)


class WhoAnswer(BaseModel):
    """The owner of a token."""

    name: StrictStr


Shape = TypeVar("Shape", bound=BaseModel)


def read(shape: type[Shape], data: bytes) -> Shape | list[str]:
    """An answer as an object of its shape, or the faults; neither repeats what was sent."""
    try:
        return shape.model_validate_json(data)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        return [
            ": ".join(filter(None, [".".join(map(str, fault["loc"])), fault["msg"][:100]]))
            for fault in faults[:MOST_CULPRITS]
        ]
