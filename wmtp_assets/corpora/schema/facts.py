"""What is known of each dataset beyond its bytes: citations, licences, how labels came about.

A table and nothing else; the card and croissant.json quote it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """Words about one dataset.

    Attributes:
        licence_id: The identifier that dataset cards use.
        published: The day of the paper, as croissant.json wants a date.
        rows: How a published row becomes records, one sentence a list item.
        labels: How is_correct came about and what is wrong with it; "" where there is none.
    """

    summary: str
    licence_id: str
    licence_url: str
    citation: str
    published: str
    rows: tuple[str, ...]
    labels: str = ""


_NO_INPUT = "`input` is empty; there is no is_correct, every solution is the reference solution."

FACTS: dict[str, Facts] = {
    "codecontests": Facts(
        summary=(
            "Competitive programming problems with Python solutions, correct and incorrect, in "
            "one record each"
        ),
        licence_id="cc-by-4.0",
        licence_url="https://creativecommons.org/licenses/by/4.0/",
        citation=(
            "Li et al., Competition-Level Code Generation with AlphaCode, Science 378 (2022), "
            "arXiv:2203.07814"
        ),
        published="2022-02-08",
        rows=(
            "`instruction` is the description; `input` is the first two public tests, a pair with "
            "an empty side left out; `output` is the solution, unchanged.",
            "Only Python 2 and Python 3 (languages 1 and 3) are kept; the others are counted.",
            "`task_id` is `{name}_correct_{i}` or `{name}_incorrect_{i}`, `i` the index in the "
            "published list of all languages.",
            "Problems stand in file order, correct before incorrect solutions.",
            "A name that repeats in a split is written `{name}__{n}` from its second problem on.",
            "`metadata.has_tests` says whether the problem has at least one public test.",
            "`metadata.difficulty` is the published code, 0 (unknown) to 28.",
        ),
        labels=(
            "`is_correct` is the published label: whether the platform that the solution was "
            "submitted to accepted it. Nothing is executed here. Known noise: the platforms' "
            "hidden tests are not complete, so that some accepted solutions are wrong; an "
            "incorrect solution may be refused for its running time or memory and compute the "
            "right answer; many Python 2 programs do not run under Python 3; the same text can "
            "occur with both labels. CodeChef problems have no incorrect solutions."
        ),
    ),
    "mbpp": Facts(
        summary="Entry-level Python tasks with a reference solution and assertions",
        licence_id="cc-by-4.0",
        licence_url="https://creativecommons.org/licenses/by/4.0/",
        citation="Austin et al., Program Synthesis with Large Language Models, arXiv:2108.07732",
        published="2021-08-16",
        rows=(
            "`instruction` is the text, `output` the code, `task_id` the published number as text.",
            _NO_INPUT,
            "`metadata.has_tests` says whether `test_list` has an assertion.",
            "The ten rows of the `prompt` file are kept in raw/ and not converted.",
        ),
    ),
    "humaneval": Facts(
        summary="Hand-written Python functions to complete, with unit tests",
        licence_id="mit",
        licence_url="https://opensource.org/license/mit",
        citation="Chen et al., Evaluating Large Language Models Trained on Code, arXiv:2107.03374",
        published="2021-07-07",
        rows=(
            "`instruction` is the prompt, `output` the canonical solution: its continuation.",
            _NO_INPUT,
            "`metadata.has_tests` says whether `test` is not empty.",
        ),
    ),
}
