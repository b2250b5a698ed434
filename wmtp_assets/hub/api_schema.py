"""The JSON that the API of the Hub answers, as far as it is read; other fields are ignored.

Only what must be there is asked for: sizes, digests and commits are believed by their form
(`field_values.py`), because mirrors behind HF_ENDPOINT leave them out.
"""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, Field, StrictStr, ValidationError

MOST_CULPRITS = 3


class LfsFile(BaseModel):
    """The LFS facts of a file."""

    sha256: Any
    size: Any = None


class ListedFile(BaseModel):
    """A file of a listing."""

    rfilename: StrictStr
    size: Any = None
    blobId: Any = None
    lfs: Annotated[LfsFile | None, BeforeValidator(lambda stated: stated or None)] = None


class RepoInfo(BaseModel):
    """A repository at a revision."""

    # owner/name, as the Hub forms them
    id: Annotated[StrictStr, Field(pattern=r"^[0-9A-Za-z._/-]{1,200}$")]
    sha: Any = None
    gated: Any = None
    siblings: list[ListedFile] | None = Field(None, fail_fast=True)


class TokenOwner(BaseModel):
    """The owner of a token."""

    name: StrictStr


Model = TypeVar("Model", bound=BaseModel)


def read(model: type[Model], data: bytes) -> Model | list[str]:
    """An answer as an object of its model, or the faults; neither repeats what was sent."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False, include_context=False)
        return [
            ": ".join(filter(None, [".".join(map(str, fault["loc"])), fault["msg"][:100]]))
            for fault in faults[:MOST_CULPRITS]
        ]
