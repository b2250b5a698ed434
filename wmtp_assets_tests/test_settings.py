"""The environment is read once, and a mistake in it is one clear error."""

from pathlib import Path

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    for name in Settings.model_fields:
        monkeypatch.delenv(f"WMTP_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_default_is_the_sample_below_its_own_root(tmp_path: Path):
    settings = read_settings()
    assert settings.storage == tmp_path / ".sample" / "storage"
    assert settings.docs == tmp_path / ".sample" / "docs"
    assert settings.with_reward_model


def test_the_hub_goes_to_the_real_folders_without_the_reward_model(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("WMTP_SOURCE", "hub")
    settings = read_settings()
    assert (settings.storage, settings.docs) == (tmp_path / "storage", tmp_path / "docs")
    assert not settings.with_reward_model


def test_an_empty_value_is_the_default(monkeypatch):
    monkeypatch.setenv("WMTP_STORAGE_ROOT", "")
    assert read_settings().storage.name == "storage"


def test_all_mistakes_are_told_at_once(monkeypatch):
    monkeypatch.setenv("WMTP_SORCE", "hub")
    monkeypatch.setenv("WMTP_WORKERS", "many")
    with pytest.raises(BadInput, match=r"WMTP_SORCE is no setting.*; WMTP_WORKERS: "):
        read_settings()


def told(monkeypatch, **environment: str) -> str:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(BadInput) as refused:
        read_settings()
    return str(refused.value)


def test_a_misspelt_name_is_told_the_nearest_and_no_list(monkeypatch):
    says = told(monkeypatch, WMTP_SORCE="hub")
    assert "WMTP_SORCE is no setting (did you mean WMTP_SOURCE?)" in says
    assert "known names" not in says


def test_a_name_like_no_other_is_told_all_of_them(monkeypatch):
    says = told(monkeypatch, WMTP_XYZ="1")
    assert "did you mean" not in says
    assert "known names are WMTP_BACKUP_URL, " in says


def test_a_wrong_value_is_told_the_values_and_no_names_of_settings(monkeypatch):
    says = told(monkeypatch, WMTP_SOURCE="hubb")
    assert "WMTP_SOURCE is 'hubb', not one of sample, hub, mirror (did you mean hub?)" in says
    assert "WMTP_STORAGE_ROOT" not in says
    assert "did you mean" not in told(monkeypatch, WMTP_SOURCE="xyz")


def test_a_mirror_needs_its_folder(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("WMTP_SOURCE", "mirror")
    with pytest.raises(BadInput, match="needs WMTP_MIRROR_DIR"):
        read_settings()
    monkeypatch.setenv("WMTP_MIRROR_DIR", str(tmp_path / "nowhere"))
    with pytest.raises(BadInput, match="nowhere"):
        read_settings()


@pytest.mark.parametrize(
    ("storage", "docs"),
    [("s", "s/docs/sub"), ("d/storage", "d"), ("s", "s"), ("link/in", "real")],
)
def test_roots_that_lie_in_each_other_are_refused(monkeypatch, tmp_path: Path, storage, docs):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.setenv("WMTP_STORAGE_ROOT", str(tmp_path / storage))
    monkeypatch.setenv("WMTP_DOCS_ROOT", str(tmp_path / docs))
    with pytest.raises(BadInput, match="WMTP_STORAGE_ROOT and WMTP_DOCS_ROOT must not lie in each"):
        read_settings()


def test_roots_side_by_side_whose_names_begin_alike_are_fine(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("WMTP_STORAGE_ROOT", str(tmp_path / "s"))
    monkeypatch.setenv("WMTP_DOCS_ROOT", str(tmp_path / "s_docs"))
    assert read_settings().docs == tmp_path / "s_docs"


@pytest.mark.parametrize("workers", ["0", "-1"])
def test_at_least_one_worker(monkeypatch, workers: str):
    monkeypatch.setenv("WMTP_WORKERS", workers)
    with pytest.raises(BadInput, match="at least 1"):
        read_settings()


def test_mail_needs_a_sender(monkeypatch):
    monkeypatch.setenv("WMTP_EMAIL_TO", "ann@example.org")
    with pytest.raises(BadInput, match="WMTP_EMAIL_TO needs WMTP_EMAIL_FROM"):
        read_settings()


@pytest.mark.parametrize(
    ("to", "sender", "odd"),
    [
        ("ann@x, ben@y", "wmtp@x", None),
        ("Ann <ann@", "wmtp@x", "Ann <ann@"),
        ("ann@x,,ben@y", "wmtp@x", "''"),
        ("ann@x", "wmtp", "wmtp"),
        ("ann@x\nBcc: z", "wmtp@x", "Bcc"),
    ],
)
def test_addresses_are_addresses(monkeypatch, to: str, sender: str, odd: str | None):
    monkeypatch.setenv("WMTP_EMAIL_TO", to)
    monkeypatch.setenv("WMTP_EMAIL_FROM", sender)
    if odd is None:
        assert read_settings().email_to == to
        return
    with pytest.raises(BadInput, match=f"{odd}.* is no address"):
        read_settings()


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:8786", "tls://scheduler.cluster:443"])
def test_a_scheduler_is_an_address(monkeypatch, address: str):
    monkeypatch.setenv("WMTP_DASK_SCHEDULER", address)
    assert read_settings().dask_scheduler == address


@pytest.mark.parametrize("address", ["scheduler:8786", "tcp://scheduler", "http://x:1", "tcp://:1"])
def test_what_is_no_address_of_a_scheduler_is_refused(monkeypatch, address: str):
    monkeypatch.setenv("WMTP_DASK_SCHEDULER", address)
    with pytest.raises(BadInput, match=f"WMTP_DASK_SCHEDULER is not tcp://host:port.*{address}"):
        read_settings()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("s3://bucket/backups", "s3://bucket/backups"),
        ("memory://x", "memory://x"),
        ("{root}/elsewhere", "{root}/elsewhere"),
        ("file://{root}/elsewhere", "{root}/elsewhere"),
        ("elsewhere", "{root}/elsewhere"),
        ("~/elsewhere", "{root}/home/elsewhere"),
        ("", None),
    ],
)
def test_a_backup_lies_elsewhere(monkeypatch, tmp_path: Path, url: str, place: str | None):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WMTP_BACKUP_URL", url.format(root=tmp_path))
    assert read_settings().backup == (place and place.format(root=tmp_path))


@pytest.mark.parametrize(
    "url", ["s/backups", "{root}/s", "file://{root}/s/x", "local://{root}", "{root}/link/in", "d/x"]
)
def test_a_backup_in_or_around_a_root_is_refused(monkeypatch, tmp_path: Path, url: str):
    (tmp_path / "s").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "s")
    monkeypatch.setenv("WMTP_STORAGE_ROOT", str(tmp_path / "s"))
    monkeypatch.setenv("WMTP_DOCS_ROOT", str(tmp_path / "d"))
    monkeypatch.setenv("WMTP_BACKUP_URL", url.format(root=tmp_path))
    with pytest.raises(BadInput, match="WMTP_BACKUP_URL must lie apart"):
        read_settings()


FOLDERS = ["WMTP_STORAGE_ROOT", "WMTP_REVIEWER_KEYS", "WMTP_MIRROR_DIR", "WMTP_DOCS_ROOT"]


def test_no_setting_is_a_path_that_is_not_tried_here():
    paths = [n for n, field in Settings.model_fields.items() if "Path" in str(field.annotation)]
    assert [f"WMTP_{name.upper()}" for name in sorted(paths, reverse=True)] == FOLDERS


@pytest.mark.parametrize("name", FOLDERS)
def test_the_home_folder_is_expanded_and_no_folder_of_that_name_is_made(
    monkeypatch, tmp_path: Path, name: str
):
    (tmp_path / "home" / "st").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(name, "~/st")
    settings = read_settings()
    read = {
        "WMTP_STORAGE_ROOT": settings.storage,
        "WMTP_DOCS_ROOT": settings.docs,
        "WMTP_MIRROR_DIR": settings.mirror_dir,
        "WMTP_REVIEWER_KEYS": settings.reviewer_keys,
    }
    assert read[name] == tmp_path / "home" / "st"


REFUSED = {
    "s3://bucket/st": "is an address, not a folder",
    "file:///data/st": "is an address, not a folder",
    "file:/data/st": "is an address, not a folder",
    "HTTPS://host/st": "is an address, not a folder",
    "gs+x.y://bucket": "is an address, not a folder",
    "'/data/st'": "has quotes around it",
    '"/data/st"': "has quotes around it",
    "/data/st\n": "has a newline or another control character",
    "/data/a\nb": "has a newline or another control character",
    "/data/a\tb": "has a newline or another control character",
    "/data/a\x1b[0m": "has a newline or another control character",
    "/data/a\u2028b": "has a newline or another control character",
    "/data/a\udce9": "has a newline or another control character",
    "$HOME/st": "has a variable that nothing expanded",
    "/data/${USER}/st": "has a variable that nothing expanded",
    "/data/st ": "has spaces around it",
    " /data/st": "has spaces around it",
    " ": "has spaces around it",
    "~nobody_of_that_name/st": "names a home folder that there is not",
    "/dev/null": "is not a folder",
}


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize(("value", "says"), REFUSED.items(), ids=[repr(v) for v in REFUSED])
def test_what_is_no_folder_of_this_machine_is_refused_by_name(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput) as refused:
        read_settings()
    [told] = refused.value.culprits
    assert told.startswith(f"{name} ") and says in told
    assert told.isprintable()


def test_all_that_is_wrong_with_places_is_told_at_once(monkeypatch):
    monkeypatch.setenv("WMTP_STORAGE_ROOT", "'s3://bucket/st'")
    monkeypatch.setenv("WMTP_DOCS_ROOT", "$HOME/docs ")
    monkeypatch.setenv("WMTP_BACKUP_URL", "~nobody_of_that_name/b")
    monkeypatch.setenv("WMTP_MIRROR_DIR", "file:///m")
    with pytest.raises(BadInput) as refused:
        read_settings()
    told = str(refused.value)
    for part in ("quotes", "spaces around it; has a variable", "BACKUP_URL names a home", "MIRROR"):
        assert part in told


@pytest.mark.parametrize("url", ["'s3://b/c'", "s3://b/c\n", "s3://b/c ", "s3://$BUCKET/c"])
def test_an_address_of_backups_is_held_to_the_same_and_not_repeated(monkeypatch, url: str):
    monkeypatch.setenv("WMTP_BACKUP_URL", url)
    with pytest.raises(BadInput, match="WMTP_BACKUP_URL has") as refused:
        read_settings()
    assert "s3" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["a b", "é한글", "{a,b}", "a]b", "a#b%41", "a'b", "a:b", "~x", "a&b"]
)
def test_odd_names_of_folders_are_fine(monkeypatch, tmp_path: Path, name: str):
    monkeypatch.setenv("WMTP_STORAGE_ROOT", str(tmp_path / name / "st"))
    assert read_settings().storage == tmp_path / name / "st"


@pytest.mark.parametrize("name", ["x[1]", "a*b", "a?b", "a::b"])
def test_a_storage_that_no_load_dataset_opens_is_refused_at_the_start(
    monkeypatch, tmp_path: Path, name: str
):
    """By its own path, by a link to it, and by the working folder it lies below."""
    real = tmp_path / name
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    says = r"WMTP_STORAGE_ROOT has .* in its path, which datasets\.load_dataset takes for a pattern"
    for given in (real / "st", tmp_path / "link" / "st"):
        monkeypatch.setenv("WMTP_STORAGE_ROOT", str(given))
        with pytest.raises(BadInput, match=says):
            read_settings()
    monkeypatch.delenv("WMTP_STORAGE_ROOT")
    monkeypatch.chdir(real)
    with pytest.raises(BadInput, match=says):
        read_settings()
    monkeypatch.setenv("WMTP_STORAGE_ROOT", str(tmp_path / "st"))
    assert read_settings().storage == tmp_path / "st", "documents and the mirror may lie there"


def test_one_storage_has_one_root_however_it_is_spelled(monkeypatch, tmp_path: Path):
    (tmp_path / "real" / "st").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    roots = set()
    for given in ("real", "./real/st/../../real/", "link", str(tmp_path / "link")):
        monkeypatch.setenv("WMTP_STORAGE_ROOT", f"{given}/st")
        monkeypatch.setenv("WMTP_DOCS_ROOT", f"{given}/st/../docs")
        roots.add((read_settings().storage, read_settings().docs))
    assert roots == {(tmp_path / "real" / "st", tmp_path / "real" / "docs")}


def test_a_loop_of_links_is_no_traceback(monkeypatch, tmp_path: Path):
    (tmp_path / "loop").symlink_to("loop")
    monkeypatch.setenv("WMTP_STORAGE_ROOT", str(tmp_path / "loop" / "st"))
    assert read_settings().storage == tmp_path / "loop" / "st"


@pytest.mark.parametrize(
    "keys", ["s", "s/keys", "s/signoff/../keys", "link/keys"], ids=["it", "in", "dots", "link"]
)
def test_reviewer_keys_in_the_storage_are_refused(monkeypatch, tmp_path: Path, keys):
    (tmp_path / "s" / "keys").mkdir(parents=True)
    (tmp_path / "link").symlink_to("s")
    monkeypatch.setenv("WMTP_STORAGE_ROOT", str(tmp_path / "s"))
    monkeypatch.setenv("WMTP_REVIEWER_KEYS", str(tmp_path / keys))
    with pytest.raises(BadInput, match="WMTP_REVIEWER_KEYS must lie outside of WMTP_STORAGE_ROOT"):
        read_settings()


def test_reviewer_keys_are_a_folder_that_is_there(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("WMTP_REVIEWER_KEYS", str(tmp_path / "nowhere"))
    with pytest.raises(BadInput, match=r"WMTP_REVIEWER_KEYS is not a folder: .*nowhere"):
        read_settings()
    (tmp_path / "ann.pub").write_text("")
    monkeypatch.setenv("WMTP_REVIEWER_KEYS", str(tmp_path / "ann.pub"))
    with pytest.raises(BadInput, match="WMTP_REVIEWER_KEYS is not a folder"):
        read_settings()
    monkeypatch.setenv("WMTP_REVIEWER_KEYS", str(tmp_path))
    assert read_settings().reviewer_keys == tmp_path
