"""Behind a proxy, under a path, and with TLS: a real server, asked as a proxy would and as an intruder would."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from app.main import create_app
from app.settings import Settings
from tests.support.apps import scorer
from tests.support.commands import run
from tests.support.missing import cannot_run
from tests.support.servers import Server, served
from tests.support.texts import SITUATION

ROOT_PATH = "/lom"


@pytest.fixture(scope="module")
def under_a_path(settings: Settings) -> Iterator[str]:
    with served(create_app(settings.model_copy(update={"root_path": ROOT_PATH}), scorer())) as url:
        yield url


@pytest.mark.parametrize("sent", ["", ROOT_PATH], ids=["proxy strips", "proxy does not strip"])
def test_everything_is_found_whether_or_not_the_proxy_takes_the_path_off(under_a_path: str, sent: str) -> None:
    with httpx.Client(base_url=f"{under_a_path}{sent}", timeout=60) as client:
        for path in (
            "/",
            "/explorer/explorer.js",
            "/docs",
            "/docs/init.js",
            "/docs/assets/swagger-ui.css",
            "/docs/style/docs.css",
            "/docs/reading",
            "/docs/quickstart",
            "/healthz",
            "/readyz",
            "/v1/privacy",
        ):
            assert client.get(path).status_code == 200, path
        document = client.get("/openapi.json").json()
        assert [server["url"] for server in document["servers"]] == [ROOT_PATH]
        assert client.post("/v1/score", json={"text": SITUATION}).json()["verdict"]
        assert client.get("/nope").status_code == 404
        tag = client.get("/v1/criteria").headers["etag"]
        assert client.get("/v1/criteria", headers={"If-None-Match": tag}).status_code == 304
        wrong = client.delete("/docs/assets/swagger-ui.css")
        assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")


def test_the_path_without_its_slash_leads_to_the_page(under_a_path: str) -> None:
    answer = httpx.get(f"{under_a_path}{ROOT_PATH}")
    assert (answer.status_code, answer.headers["location"]) == (307, f"{ROOT_PATH}/")
    assert answer.headers["x-request-id"]
    page = httpx.get(f"{under_a_path}{ROOT_PATH}", follow_redirects=True)
    assert (page.status_code, page.url.path) == (200, f"{ROOT_PATH}/")


@pytest.mark.parametrize("sent", ["", ROOT_PATH], ids=["proxy strips", "proxy does not strip"])
def test_location_leads_behind_the_proxy(under_a_path: str, make_key: Callable[..., str], sent: str) -> None:
    mine = {"X-API-Key": make_key("read", "write")}
    made = httpx.post(f"{under_a_path}{sent}/v1/assessments", json={"text": SITUATION}, headers=mine, timeout=60)
    assert made.headers["location"] == f"{ROOT_PATH}/v1/assessments/{made.json()['id']}"
    there = httpx.URL(f"{under_a_path}{ROOT_PATH}/v1/assessments").join(made.headers["location"])
    assert httpx.get(there, headers=mine).json()["id"] == made.json()["id"]


def test_links_are_put_behind_the_base_address_and_lead_on(under_a_path: str, server: Server) -> None:
    with httpx.Client(base_url=f"{under_a_path}{ROOT_PATH}", timeout=60) as client:
        seen, path = [], "/v1/criteria?limit=3"
        while path:
            page = client.get(path).json()
            seen += [item["slug"] for item in page["items"]]
            path = page["page"]["next"]
        assert len(seen) == len(set(seen)) == 8
        answer = client.post("/v1/score", json={"text": SITUATION})
        for fit in answer.json()["recommendations"]["leadership_styles"]:
            assert client.get(fit["href"]).json()["slug"] == fit["slug"]
    assert answer.content == httpx.post(f"{server.url}/v1/score", json={"text": SITUATION}, timeout=60).content


@pytest.fixture(scope="module")
def closed(settings: Settings) -> Iterator[str]:
    strict = settings.model_copy(update={"root_path": ROOT_PATH, "require_key": True})
    with served(create_app(strict, scorer())) as url:
        yield url


def test_no_spelling_of_a_path_is_a_side_door(closed: str, make_key: Callable[..., str]) -> None:
    mine = {"X-API-Key": make_key("read")}
    for path in ("/v1/criteria", "/lom/v1/criteria"):
        assert httpx.get(f"{closed}{path}").status_code == 401, path
        assert httpx.get(f"{closed}{path}", headers=mine).status_code == 200, path
    for path in (
        "/lom/lom/v1/criteria",
        "//v1/criteria",
        "/lom//v1/criteria",
        "/lom/./v1/criteria",
        "/lom/x/../v1/criteria",
        "/%76%31/criteria",
        "/lom/%76%31/criteria",
        "/%6com/v1/criteria",
        "/lom%2fv1/criteria",
        "/lom/docs/../v1/criteria",
        "/lom/docs/assets/../../v1/criteria",
        "/LOM/v1/criteria",
        "/lom/V1/criteria",
        "/lom/v1/criteria/",
        "/lom/v1;x/criteria",
        "/lom/openapi.json/../v1/criteria",
    ):
        url = httpx.URL(closed).copy_with(raw_path=path.encode())
        assert httpx.get(url).status_code in {401, 404}, path
    assert httpx.get(f"{closed}/lom/v1/privacy").status_code == 200
    assert httpx.get(f"{closed}/v1/privacy").status_code == 200


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    make += ["-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    try:
        subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        cannot_run("TLS: openssl could not make a certificate on this machine")
    return certificate, key


def test_serve_speaks_https_with_a_certificate_of_its_own(
    settings: Settings, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOM_TLS_CERTIFICATE", str(certificate[0]))
    monkeypatch.setenv("LOM_TLS_KEY", str(certificate[1]))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
    server = Server(settings.database_url)
    try:
        server.wait()
        assert httpx.post(f"{server.url}/v1/score", json={"text": SITUATION}, timeout=60).status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(server.url.replace("https:", "http:"))
    finally:
        log = server.stop()
    assert all(json.loads(line) for line in log.splitlines())


def test_half_of_a_certificate_or_one_that_is_not_there_stops_the_start(
    settings: Settings, certificate: tuple[Path, Path]
) -> None:
    for path, named in ((str(certificate[0]), "LOM_TLS_KEY"), ("nowhere.pem", "LOM_TLS_CERTIFICATE")):
        told = run("serve", LOM_DATABASE_URL=settings.database_url, LOM_TLS_CERTIFICATE=path)
        assert told.exit_code == 2
        assert named in told.stderr
