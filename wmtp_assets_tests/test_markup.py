"""A text of others in Markdown: a renderer shows it letter by letter, and makes nothing of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError
from markdown_it import MarkdownIt

from wmtp_assets.catalog import STORAGE_VERSION
from wmtp_assets.documents.markdown import TEMPLATES, bullets, row, tasks
from wmtp_assets.markup import block, code, escape_links, link, text
from wmtp_assets.printable import printable

# GFM, with HTML let through, as a careless page does.
RENDERER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
HOSTILE = (
    "[x](javascript:alert(1))",
    "![x](https://evil/pixel.png)",
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<https://evil.example>",
    "[x]: javascript:alert(1)",
    "[x][y]",
    "`code` ``and`` `",
    "*a* **b** _c_ __d__ ~~e~~ a_b__c _",
    "&lt;b&gt; &#60; &amp a&b",
    "| --- | a | b \\| c | \\",
    "# heading",
    " # heading",
    "     code",
    "> quoted",
    "- item",
    "+ item",
    "1. item",
    "12) item",
    "=== ",
    "---",
    "a\n# heading\n\n<b>",
    "a\r\n| x | y |",
    "- [x] approved by the director",
    "foo\x1b[2K\u202egpj",
    "\\[x\\](y)",
    "",
)


def table(*rows: tuple[object, ...]) -> str:
    return "\n".join([row("a", "b"), row("---", "---"), *(row(*cells) for cells in rows)])


def plain(markdown: str) -> tuple[str, set[str]]:
    """What a page shows, and the elements that it is made of."""
    tokens = RENDERER.parse(markdown)
    flat = [
        leaf for token in tokens for leaf in ([token] if token.children is None else token.children)
    ]
    kinds = {token.type for token in flat if token.type != "text_special"}
    return "".join(token.content for token in flat), kinds


INLINE = {"paragraph_open", "paragraph_close", "text"}
LISTED = INLINE | {"bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close"}
TABLE = {
    f"{of}_{end}"
    for of in ("table", "thead", "tbody", "tr", "th", "td")
    for end in ("open", "close")
}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_text_is_shown_letter_by_letter_and_nothing_comes_of_it(hostile: str):
    assert plain(f"x {text(hostile)} x") == (f"x {printable(hostile)} x", INLINE)
    content, kinds = plain(bullets([hostile]))
    assert content.strip() == printable(hostile).strip() and kinds <= LISTED
    content, kinds = plain(tasks([(False, hostile)]))
    assert content.strip() == f"[ ] {printable(hostile).lstrip(' ')}".strip() and kinds <= LISTED
    content, kinds = plain(table((hostile, "end")))
    assert content == f"ab{printable(hostile).strip()}end" and kinds <= TABLE | {"text"}


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_code_span_is_shown_letter_by_letter(hostile: str):
    content, kinds = plain(f"x {code(hostile)} x")
    assert kinds <= INLINE | {"code_inline"}
    assert content.removeprefix("x ").removesuffix(" x").strip() == printable(hostile).strip()
    content, kinds = plain(table((code(hostile), "end")))
    assert kinds <= TABLE | {"text", "code_inline"}
    assert content.startswith("ab") and content.endswith("end")


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize(
    "written",
    [
        "{{ x }}",
        "{{ x | safe }}",
        "{{ x ~ x }}",
        "{{ (code('a') ~ x) }}",
        "{{ code('a') | replace('`', x) }}",
        "{{ [x, code(x)] | join }}",
        "{% set y %}{{ x }}{% endset %}{{ y }}",
        "{% macro y() %}{{ x }}{% endmacro %}{{ y() }}",
        "{% autoescape true %}{{ x }}{% endautoescape %}",
        "{{ '<b>[x](y)' }}",
    ],
)
def test_nothing_comes_of_a_text_in_a_template_however_it_is_written(hostile: str, written: str):
    page = TEMPLATES.from_string(f"x {written} x").render(x=hostile)
    assert plain(page)[1] <= INLINE


def test_a_template_writes_markup_as_it_is_and_names_what_it_lacks():
    page = TEMPLATES.from_string("{{ code('a*b') }} {{ link('*', 'https://h') }}")
    assert page.render() == "`a*b` [\\*](https://h)"
    with pytest.raises(UndefinedError, match="nothing"):
        TEMPLATES.from_string("{{ nothing }}").render()


@given(st.text(alphabet=st.sampled_from("[]()<>`*_~!#&;:\\|a1 .-+=\n/"), max_size=20))
def test_nothing_comes_of_any_text(hostile: str):
    assert plain(f"x {text(hostile)} x")[1] <= INLINE
    assert plain(f"- {block(hostile)}")[1] <= LISTED
    rows = table((hostile, code(hostile)))
    assert plain(rows)[1] <= TABLE | {"text", "code_inline"}
    assert len(rows.splitlines()) == 3


def test_what_is_no_markup_stays_as_it_is():
    told = f"mbpp/train no_record_over_token_limit {STORAGE_VERSION}: foo -> foo__2, 3 > 2 (a.b-c)"
    assert text(told) == told == block(told) == escape_links(told)
    assert code("mbpp/train") == "`mbpp/train`"
    assert link("org/x", "https://h/org/x?a=b") == "[org/x](https://h/org/x?a=b)"
    assert link("a](b", "https://h/) x") == "[a\\](b](https://h/%29%20x)"


@pytest.mark.parametrize("hostile", HOSTILE[:7])
def test_a_sentence_that_a_page_takes_for_markdown_has_no_link_and_no_html(hostile: str):
    _, kinds = plain(f"changed on disk: {escape_links(printable(hostile))}")
    assert kinds <= INLINE
