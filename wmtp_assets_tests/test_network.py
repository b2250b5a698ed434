"""Variables that keep requests from the Hub are named before the first one; secrets are not."""

import importlib.util
import ssl
from collections.abc import Iterator

import pytest

from wmtp_assets.errors import BadInput
from wmtp_assets.network import certificates_advice, proxy_on_the_way, wrong_with_network
from wmtp_assets.settings import read_settings

SECRET = "se/cret"
WRONG = [
    ({"HF_HUB_DOWNLOAD_TIMEOUT": "ten"}, "HF_HUB_DOWNLOAD_TIMEOUT is no whole number"),
    ({"HF_HUB_DOWNLOAD_TIMEOUT": "-5"}, "HF_HUB_DOWNLOAD_TIMEOUT is no whole number"),
    ({"HF_HUB_DOWNLOAD_TIMEOUT": "1" + "0" * 30}, "HF_HUB_DOWNLOAD_TIMEOUT is no whole number"),
    ({"HF_HUB_ETAG_TIMEOUT": ""}, "HF_HUB_ETAG_TIMEOUT is no whole number"),
    ({"HF_DATASETS_IN_MEMORY_MAX_SIZE": "1GB"}, "HF_DATASETS_IN_MEMORY_MAX_SIZE is no whole"),
    ({"HF_ENDPOINT": ""}, "HF_ENDPOINT is empty"),
    ({"HF_ENDPOINT": "huggingface.co"}, "HF_ENDPOINT does not begin with https://"),
    ({"HF_ENDPOINT": "htps://huggingface.co"}, "HF_ENDPOINT does not begin with https://"),
    ({"HF_ENDPOINT": "https:/huggingface.co"}, "HF_ENDPOINT names no host"),
    ({"HF_ENDPOINT": "https://a..b"}, "HF_ENDPOINT names no host"),
    ({"HF_ENDPOINT": "https://[::1"}, "HF_ENDPOINT is no address"),
    ({"HF_ENDPOINT": "https://hub:port"}, "HF_ENDPOINT is no address, or its port is no number"),
    ({"HF_ENDPOINT": "https://hub:99999"}, "HF_ENDPOINT is no address, or its port is no number"),
    ({"HF_ENDPOINT": f"https://ann:{SECRET}@hub"}, "HF_ENDPOINT "),
    ({"HF_ENDPOINT": '"https://hub"'}, "HF_ENDPOINT has quotes around it"),
    ({"HF_TOKEN": f"hf_\u201c{SECRET}\u201d"}, "HF_TOKEN has characters that are in no token"),
    ({"HF_TOKEN": f"hf_{SECRET} x"}, "HF_TOKEN has characters that are in no token"),
    ({"HUGGING_FACE_HUB_TOKEN": f"{SECRET}\x01"}, "HUGGING_FACE_HUB_TOKEN has characters"),
    ({"ALL_PROXY": "socks4://proxy:1"}, "ALL_PROXY is no proxy that is known here"),
    ({"https_proxy": f"htp://ann:{SECRET}@proxy:1"}, "https_proxy "),
    ({"HTTP_PROXY": "http://proxy:port"}, "HTTP_PROXY names no host and port"),
    ({"HTTP_PROXY": "proxy:1 "}, "HTTP_PROXY "),
    ({"SSL_CERT_FILE": "/none.pem"}, "SSL_CERT_FILE cannot be read (No such file or directory)"),
    ({"SSL_CERT_FILE": __file__}, "SSL_CERT_FILE is no file of certificates"),
    ({"SSL_CERT_DIR": "/none"}, "SSL_CERT_DIR is no folder: /none"),
]


@pytest.mark.parametrize(("environ", "told"), WRONG, ids=[str(wrong) for wrong, _ in WRONG])
def test_what_cannot_be_used_is_named_and_no_secret_repeated(environ, told):
    found = wrong_with_network(environ)
    assert any(sentence.startswith(told) for sentence in found), found
    assert SECRET not in str(found)


def right() -> Iterator[dict[str, str]]:
    yield {}
    yield {"HF_ENDPOINT": "https://huggingface.co/", "HF_TOKEN": " hf_abc\n"}
    yield {"HF_ENDPOINT": "http://ann:secret@[::1]:8080/mirror", "HF_HUB_DOWNLOAD_TIMEOUT": "0"}
    yield {"HTTPS_PROXY": "http://ann:secret@proxy:3128", "NO_PROXY": "*.x,,::1,["}
    yield {"http_proxy": "proxy:3128", "ALL_PROXY": "", "HTTP_PROXY": "not read"}
    yield {"REQUESTS_CA_BUNDLE": "/none", "SSL_CERT_FILE": "", "SSL_CERT_DIR": ""}
    if file := ssl.get_default_verify_paths().cafile:
        yield {"SSL_CERT_FILE": file, "SSL_CERT_DIR": "/not/read"}


@pytest.mark.parametrize("environ", right(), ids=str)
def test_what_can_be_used_is_not_named(environ):
    assert wrong_with_network(environ) == []


def test_a_socks_proxy_without_its_package_names_both():
    found = wrong_with_network({"ALL_PROXY": "socks5://proxy:1080"})
    here = importlib.util.find_spec("socksio") is not None
    assert found == ([] if here else found[:1])
    assert here or ("ALL_PROXY" in found[0] and "socksio" in found[0])


def test_the_proxy_on_the_way_is_the_one_that_the_client_takes():
    environ = {"HTTPS_PROXY": "http://ann:se/cret@proxy:1", "all_proxy": "proxy:2"}
    environ["NO_PROXY"] = "localhost,.inside"
    assert proxy_on_the_way("https://hub", environ) == "HTTPS_PROXY (http://proxy:1)"
    assert proxy_on_the_way("http://hub:80", environ) == "all_proxy (proxy:2)"
    assert proxy_on_the_way("https://hub.inside", environ) == ""
    assert proxy_on_the_way("http://localhost:1", {}) == ""


def test_a_ca_in_a_variable_that_is_not_read_is_told():
    advice = certificates_advice({"REQUESTS_CA_BUNDLE": "/ca.pem"})
    assert "SSL_CERT_FILE" in advice and "not read here: REQUESTS_CA_BUNDLE" in advice
    assert "not read" not in certificates_advice({})


def test_a_number_without_which_nothing_can_be_imported_is_a_wrong_setting(monkeypatch):
    monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "ten")
    with pytest.raises(BadInput, match="HF_HUB_DOWNLOAD_TIMEOUT is no whole number of seconds"):
        read_settings()
