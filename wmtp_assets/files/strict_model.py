"""Parsed small files as pydantic models: strict ones, and their faults as sentences.

`strict.py` reads the text; the models stand in the rooms that know the files.
"""

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from wmtp_assets.files.strict import MAX_SHOWN, brief


class StrictModel(BaseModel):
    """A JSON object of known fields: no others, and nothing converted ("7" is no number)."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


AnyModel = TypeVar("AnyModel", bound=BaseModel)


def validated(model: type[AnyModel], value: Any) -> AnyModel:
    """A parsed value as an object of a model.

    Raises:
        InvalidModel: What is missing, unknown or of another kind, all of it.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidModel([_clause(fault) for fault in error.errors(include_url=False)]) from error


class InvalidModel(ValueError):
    """A value that is not of the model; `faults` has a clause for each thing that is wrong."""

    def __init__(self, faults: list[str]):
        self.faults = faults
        super().__init__("; ".join(faults[:3]))


# Type of a pydantic error -> our message; for others it is pydantic's, with the value found.
_MESSAGES = {
    "missing": "is missing",
    "extra_forbidden": "is unknown",
    "model_type": "is no object",
    "dict_type": "is no object",
}


def _clause(fault: Any) -> str:
    place = ": ".join(map(_step, fault["loc"])) or "the whole"
    if message := _MESSAGES.get(fault["type"]):
        return f"{place} {message}"
    # "Input should be ...", "String should match ..."; of a validator of ours "Value error, ...".
    message = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return f"{place} {message.removeprefix('String ')}, found {brief(fault['input'])}"


def _step(step: str | int) -> str:
    """A name on the way to a fault; what a console cannot show of it is escaped."""
    named = isinstance(step, str) and step.isprintable() and len(step) <= MAX_SHOWN
    return str(step) if named else brief(step)
