"""Tokenizer folders: exact ids on every text but the documented one, other vocabularies refused."""

import json
import random
import shutil
from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.models.tokenizer import findings
from wmtp_assets.models.tokenizer.files import (
    LLAMA_SHA256,
    TOKENIZER_FILES,
    TOKENIZER_JSON,
    build_tokenizer_folder,
    load_sentencepiece,
    read_vocabulary,
    tokenizer_json,
)

ALPHABET = [
    *" \t\n\r.,;:()[]{}<>/\\'\"#_-+=*&^%$!?abcxyzABC0123456789",
    *"éßñ中文日本한글🙂\u2028\u2581\x00\xa0",
]


@pytest.fixture
def folder(tiny) -> Path:
    return tiny.path("meta-llama-mtp/tokenizer")


def odd_texts(count: int) -> list[str]:
    chance = random.Random(5)
    return ["".join(chance.choices(ALPHABET, k=chance.randrange(1, 60))) for _ in range(count)]


def test_random_texts_have_sentencepieces_ids(folder):
    fast, exact = (
        findings.load_fast(folder / TOKENIZER_JSON),
        load_sentencepiece(folder / "tokenizer.model"),
    )
    for text in odd_texts(600):
        assert fast.encode(text, add_special_tokens=False).ids == exact.encode(text), repr(text)


def test_decoding_gives_the_text_back(folder):
    fast = findings.load_fast(folder / TOKENIZER_JSON)
    for text in odd_texts(200):
        text = text.replace("\u2581", " ")  # the space mark reads back as a space
        assert fast.decode(fast.encode(text).ids, skip_special_tokens=True) == text


def test_a_literal_special_token_is_the_one_documented_difference(folder):
    fast, exact = (
        findings.load_fast(folder / TOKENIZER_JSON),
        load_sentencepiece(folder / "tokenizer.model"),
    )
    assert fast.encode("<s>", add_special_tokens=False).ids == [1]
    assert exact.encode("<s>") != [1]


def test_the_real_vocabulary_gives_the_published_tokenizer(upstream, tmp_path):
    model = upstream / "meta-llama-mtp/tokenizer.model"
    built = json.loads(tokenizer_json(read_vocabulary(model)))
    published = json.loads((upstream / "ref-sheared-llama-2.7b/tokenizer.json").read_text())
    for part in ("normalizer", "pre_tokenizer", "post_processor", "decoder", "added_tokens"):
        assert built[part] == published[part], part
    assert built["model"]["vocab"] == published["model"]["vocab"]
    merges = {tuple(pair) for pair in built["model"]["merges"]}
    assert merges == {
        tuple(pair.split(" ") if isinstance(pair, str) else pair)
        for pair in published["model"]["merges"]
    }
    shutil.copy(model, tmp_path / "tokenizer.model")
    files = build_tokenizer_folder(tmp_path, LLAMA_SHA256)
    assert [file.path.name for file in files] == list(TOKENIZER_FILES)
    assert findings.fast_ids_finding(tmp_path).passed
    assert findings.auto_ids_finding(tmp_path).passed


def test_another_vocabulary_is_refused(folder, tmp_path):
    shutil.copy(folder / "tokenizer.model", tmp_path)
    with pytest.raises(BadInput, match="not the one of the catalog"):
        build_tokenizer_folder(tmp_path, LLAMA_SHA256)
    assert not (tmp_path / TOKENIZER_JSON).exists()


def test_a_missing_tokenizer_is_an_error(tmp_path):
    with pytest.raises(BadInput, match="tokenizer is missing"):
        build_tokenizer_folder(tmp_path, LLAMA_SHA256)


@pytest.mark.parametrize("content", [b"", b"text", b"\x0a\xff\xff"])
def test_a_file_that_is_no_sentencepiece_model_is_refused(tmp_path, content):
    (tmp_path / "tokenizer.model").write_bytes(content)
    with pytest.raises(BadInput, match=r"tokenizer\.model"):
        read_vocabulary(tmp_path / "tokenizer.model")


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"model": 3}', b"[]"])
def test_a_file_that_is_no_tokenizer_json_is_refused(tmp_path, content):
    (tmp_path / TOKENIZER_JSON).write_bytes(content)
    with pytest.raises(BadInput, match=r"not a tokenizer\.json"):
        findings.load_fast(tmp_path / TOKENIZER_JSON)


def test_the_folder_is_made_the_same_twice(folder, tiny):
    before = {name: (folder / name).read_bytes() for name in TOKENIZER_FILES}
    build_tokenizer_folder(folder, tiny.deployment.catalog.tokenizer_sha256)
    assert {name: (folder / name).read_bytes() for name in TOKENIZER_FILES} == before
