"""Programs of several languages in one list: which are Python, and why the others are dropped."""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from wmtp_assets.datasets.formats import OTHER_LANGUAGE, UNKNOWN_LANGUAGE, Format
from wmtp_assets.datasets.problem import BadRow, Row, lists_of

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

PYTHON2, PYTHON3 = 1, 3
KEPT_LANGUAGES = (PYTHON2, PYTHON3)
# The published ClassLabel: 0 UNKNOWN_LANGUAGE, 1 PYTHON, 2 CPP, 3 PYTHON3, 4 JAVA.
OTHER_LANGUAGES = (2, 4)
PROGRAMS = ("struct<language: list<int64>, solution: list<string>>",)


def program_columns(form: Format) -> list[str]:
    """The columns of a dataset that hold programs of several languages."""
    return [name for name, types in form.columns.items() if types == PROGRAMS]


def recounts_candidates(form: Format) -> bool:
    """Whether only another reading of the rows tells how many candidates they have.

    Rows without labels have one each; the candidates of programs are their language codes.
    """
    return form.labelled and not program_columns(form)


def python_programs(row: Row, column: str, dropped: Counter) -> tuple[list[int], "pa.Array"]:
    """Return places in the list of all languages and programs, and count the others by reason."""
    import numpy as np
    import pyarrow as pa

    languages, programs = lists_of(row, column, "language", "solution")
    if len(languages) != len(programs):
        raise BadRow(f"{column} has {len(languages)} languages and {len(programs)} solutions")
    codes = languages.to_numpy(zero_copy_only=False)
    places = np.flatnonzero(_is_one_of(codes, KEPT_LANGUAGES))
    other = int(_is_one_of(codes, OTHER_LANGUAGES).sum())
    dropped.update({OTHER_LANGUAGE: other, UNKNOWN_LANGUAGE: len(codes) - len(places) - other})
    # Most programs are in other languages: they never become Python strings.
    return places.tolist(), programs.take(pa.array(places, pa.int64()))


def _is_one_of(codes: "np.ndarray", wanted: Sequence[int]) -> "np.ndarray":
    """As np.isin, in a tenth of the time for so few."""
    import numpy as np

    return np.logical_or.reduce([codes == code for code in wanted])
