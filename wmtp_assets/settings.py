"""The environment, read once. A bad value or an unknown WMTP_ name is one clear error."""

import difflib
import os
import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import BeforeValidator, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from wmtp_assets import network
from wmtp_assets.errors import BadInput
from wmtp_assets.setting_values import address, folder, patterns_in
from wmtp_assets.storage_history import is_same_folder, resolved

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX = "WMTP_"
SAMPLE_ROOT = Path(".sample")
# Dask knows no user of an address: what stands before an @ would be shown.
SCHEDULER = re.compile(r"(tcp|tls)://[^\s/:@]+:\d+")
ADDRESS = re.compile(r"[^\s@,<>]+@[^\s@,<>]+", re.ASCII)
# Read by the tests, not by the project: a session that has it set is no mistake.
NOT_OURS = {"WMTP_TEST_OLAH", "WMTP_UPSTREAM_FILES"}

Folder = Annotated[Path, BeforeValidator(folder)]
Address = Annotated[str, BeforeValidator(address)]


class Settings(BaseSettings):
    """Where the data comes from, where it goes, what converts it, where a copy of it is kept."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True)

    source: Literal["sample", "hub", "mirror"] = "sample"
    mirror_dir: Folder | None = None
    storage_root: Folder | None = None
    docs_root: Folder | None = None
    workers: int = os.cpu_count() or 1
    reward_model: bool | None = None
    dask_scheduler: str | None = None
    backup_url: Address | None = None
    reviewer_keys: Folder | None = None
    slack_channel: str | None = None
    email_to: str | None = None
    email_from: str | None = None

    @property
    def storage(self) -> Path:
        """The storage root, absolute and without links: the record finds a storage again by it."""
        return self._root(self.storage_root, "storage")

    @property
    def docs(self) -> Path:
        """The root of the generated documents, likewise."""
        return self._root(self.docs_root, "docs")

    @property
    def roots_nest(self) -> bool:
        """Whether one root lies in the other: the record could not tell their files apart."""
        return _nest(self.storage, self.docs)

    @property
    def backup(self) -> str | None:
        """Where backups go; a folder as its absolute path."""
        scheme, _, path = (self.backup_url or "").rpartition("://")
        is_folder = path and scheme in ("", "file", "local")
        return str(Path(path).expanduser().absolute()) if is_folder else self.backup_url

    @property
    def backup_nests(self) -> bool:
        """Whether the backup is a folder in a root or around one: it would be part of itself."""
        if self.backup is None or "://" in self.backup:
            return False
        return any(_nest(Path(self.backup), root) for root in (self.storage, self.docs))

    @property
    def keys_are_in_storage(self) -> bool:
        """Whether whoever writes the storage writes the reviewers' keys too."""
        if self.reviewer_keys is None:
            return False
        folder = resolved(self.reviewer_keys)
        return any(is_same_folder(str(p), str(self.storage)) for p in (folder, *folder.parents))

    @property
    def mirror(self) -> Path:
        """The folder of the mirror, where that is the source."""
        assert self.mirror_dir is not None, "read_settings refuses a mirror without"
        return self.mirror_dir

    @property
    def sample_mirror(self) -> Path:
        """Where the embedded upstream is written."""
        return (SAMPLE_ROOT / "mirror").absolute()

    @property
    def with_reward_model(self) -> bool:
        """Whether the optional reward model is in the graph: its 27 GB only when asked for."""
        return self.source == "sample" if self.reward_model is None else self.reward_model

    def _root(self, given: Path | None, name: str) -> Path:
        default = SAMPLE_ROOT / name if self.source == "sample" else Path(name)
        return resolved(given or default)


def _nest(one: Path, other: Path) -> bool:
    """Whether one folder lies in the other, also by way of links."""
    one, other = resolved(one), resolved(other)
    return one.is_relative_to(other) or other.is_relative_to(one)


def _sentence(error: "ErrorDetails") -> str:
    """The name of the variable, then the message: of ours or of pydantic."""
    field = str(error["loc"][0])
    name, message, ours = f"{PREFIX}{field}".upper(), error["msg"], "Value error, "
    if error["type"] == "literal_error":
        values = get_args(Settings.model_fields[field].annotation)
        given = str(error["input"])
        return f"{name} is {given!r}, not one of {', '.join(values)}" + _nearest(given, values)
    text = f" {message.removeprefix(ours)}" if message.startswith(ours) else f": {message}"
    return name + text


def _nearest(word: str, known: Collection[str], prefix: str = "") -> str:
    """` (did you mean ...?)` where a known word is near, else nothing."""
    near = difflib.get_close_matches(word, known, 1)
    return f" (did you mean {prefix}{near[0]}?)" if near else ""


def read_settings() -> Settings:
    """Read and validate the WMTP_ settings.

    Raises:
        BadInput: Unknown names, bad values or a missing mirror folder, all of them at once.
    """
    fields = sorted(name.upper() for name in Settings.model_fields)
    known = [PREFIX + name for name in fields]
    unknown = [
        f"{name} is no setting" + _nearest(name.upper().removeprefix(PREFIX), fields, PREFIX)
        for name in sorted(os.environ)
        if name.upper().startswith(PREFIX) and name.upper() not in {*known, *NOT_OURS}
    ]
    wrong = [*unknown, *network.wrong_numbers(os.environ)]
    settings = None
    try:
        settings = Settings()
    except ValidationError as error:
        wrong += map(_sentence, error.errors())
    if settings and settings.workers < 1:
        wrong.append("WMTP_WORKERS must be at least 1")
    if settings and (marks := patterns_in(settings.storage)):
        wrong.append(
            f"WMTP_STORAGE_ROOT has {marks} in its path, which datasets.load_dataset takes for a "
            f"pattern, here and in training; choose a path without: {settings.storage}"
        )
    if settings and settings.roots_nest:
        wrong.append(
            "WMTP_STORAGE_ROOT and WMTP_DOCS_ROOT must not lie in each other: "
            f"{settings.storage}, {settings.docs}"
        )
    if settings and settings.backup_nests:
        wrong.append(
            "WMTP_BACKUP_URL must lie apart from WMTP_STORAGE_ROOT and WMTP_DOCS_ROOT: "
            f"{settings.backup_url}"
        )
    if settings and settings.keys_are_in_storage:
        wrong.append(
            "WMTP_REVIEWER_KEYS must lie outside of WMTP_STORAGE_ROOT, where whoever writes the "
            f"storage cannot write: {settings.reviewer_keys}"
        )
    elif settings and settings.reviewer_keys and not settings.reviewer_keys.is_dir():
        wrong.append(f"WMTP_REVIEWER_KEYS is not a folder: {settings.reviewer_keys}")
    if settings and not SCHEDULER.fullmatch(settings.dask_scheduler or "tcp://unset:0"):
        wrong.append(
            f"WMTP_DASK_SCHEDULER is not tcp://host:port or tls://host:port: "
            f"{settings.dask_scheduler}"
        )
    if settings and settings.email_to and not settings.email_from:
        wrong.append("WMTP_EMAIL_TO needs WMTP_EMAIL_FROM")
    if settings and settings.email_to:
        addresses = [*settings.email_to.split(","), settings.email_from or "unset@unset"]
        odd = [address for address in addresses if not ADDRESS.fullmatch(address.strip())]
        wrong += [f"WMTP_EMAIL_TO, WMTP_EMAIL_FROM: {address!r} is no address" for address in odd]
    if settings and settings.source == "mirror":
        if settings.mirror_dir is None:
            wrong.append("WMTP_SOURCE=mirror needs WMTP_MIRROR_DIR")
        elif not settings.mirror_dir.is_dir():
            wrong.append(f"WMTP_MIRROR_DIR is not a folder: {settings.mirror_dir}")
    if wrong or settings is None:
        # Where a name is near, the list would only hide it.
        strange = [line for line in unknown if "did you mean" not in line]
        names = f"; known names are {', '.join(known)}" if strange else ""
        raise BadInput("settings", wrong, f"set what is named anew, or unset it{names}")
    return settings
