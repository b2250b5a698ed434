"""A dataset whose rows are not the published ones says so in every document about it."""

import json
from dataclasses import replace

from wmtp_assets.datasets.schema.card import build_card, head_of, read_head
from wmtp_assets.datasets.schema.croissant import build_croissant
from wmtp_assets.datasets.schema.schema_json import build_schema, read_stored_splits
from wmtp_assets.deployment import Deployment
from wmtp_assets.published import PUBLISHED
from wmtp_assets.sample.catalog import SAMPLE, SAMPLE_NOTICE
from wmtp_assets_tests.datasets.world import FILTER

DOCUMENTS = ("README.md", "schema.json", "croissant.json", "*_summary.json")


def test_every_document_about_a_sample_says_so(made: Deployment):
    found = [path for name in DOCUMENTS for path in made.store.root.glob(f"datasets_*/**/{name}")]
    assert len(found) == 5 * len(made.catalog.datasets)  # a card of the small sets too
    for path in found:
        assert SAMPLE_NOTICE in path.read_text("utf-8"), path


def test_nothing_is_said_of_the_published_rows(made: Deployment):
    for published in PUBLISHED.datasets:
        row, folder = made.catalog.dataset(published.name), made.store.dataset(published.name)
        splits = read_stored_splits(row, folder)
        written = (
            build_card(published, "c" * 40, splits, FILTER).decode(),
            json.dumps(build_schema(published, "c" * 40, splits, FILTER)),
            json.dumps(build_croissant(published, splits)),
        )
        for text in written:
            assert "sample" not in text and "notice" not in text


def test_the_head_of_a_card_names_the_licence_of_its_own_rows(made: Deployment):
    for row in made.catalog.datasets:
        own = SAMPLE.dataset(row.name)
        sample = replace(row, repo=own.repo)
        splits = read_stored_splits(row, made.store.dataset(row.name))
        card = build_card(sample, "c" * 40, splits, FILTER)
        head, same = read_head(card), own.repo.licence == PUBLISHED.dataset(row.name).repo.licence
        assert head["license"] == (head_of(row, "", {})["license"] if same else "other")
        assert f"licence of the data: {own.repo.licence}." in card.decode()
        stated = build_croissant(sample, splits)["license"]
        assert stated.startswith("https://") if same else stated == own.repo.licence


def test_only_the_real_problems_of_the_sample_keep_their_licence():
    kept = [
        row.name
        for row in (*SAMPLE.models, *SAMPLE.datasets)
        if row.repo.licence == PUBLISHED.row(row.name).repo.licence
    ]
    assert kept == ["humaneval"]
