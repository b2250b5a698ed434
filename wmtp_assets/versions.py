"""Python and packages that this project is tested with, held against those that are there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

PACKAGE = "wmtp-assets"


@dataclass(frozen=True)
class Packages:
    """The required packages, as they are installed.

    Attributes:
        versions: Name -> installed version.
        missing: Names of those that are not installed.
        wrong: Name -> what is needed, such as `==2.13.0`, of those in another version.
    """

    versions: dict[str, str]
    missing: list[str]
    wrong: dict[str, str]


def python_fault(running: str, supported: str) -> str:
    """Say that this Python is none of the supported, such as `>=3.11,<3.14`; "" if it is."""
    # Builds between releases end with a plus: 3.13.1+.
    if SpecifierSet(supported).contains(Version(running.rstrip("+")), prereleases=True):
        return ""
    return f"Python {running}, supported is {supported}"


def find_packages(required: Iterable[str], installed: Callable[[str], str]) -> Packages:
    """Look for the required packages.

    Args:
        required: Requirements of the package, such as `torch==2.13.0`; extras are left out.
        installed: Package -> its version; raises PackageNotFoundError.
    """
    found = Packages({}, [], {})
    for requirement in map(Requirement, required):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = requirement.name
        try:
            version = found.versions[name] = installed(name)
        except PackageNotFoundError:
            found.missing.append(name)
            continue
        # A build for one kind of machine is the pinned version: 2.13.0+cpu.
        if not requirement.specifier.contains(version, prereleases=True):
            found.wrong[name] = str(requirement.specifier)
    return found
