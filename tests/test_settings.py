"""Settings from the environment: what is accepted, what is ignored, and that nothing ends in a traceback."""

import os
import re
from pathlib import Path
from typing import Any

import pytest

from app.settings import LISTS, Settings, SettingsError, injected, load_settings

NAMES = list(Settings.model_fields)
HOSTILE = (
    "",
    " ",
    "\t\n",
    '""',
    "-1",
    "0",
    "nan",
    "inf",
    "1e999",
    "9" * 5000,
    "٨٠٠٠",
    "८",
    "8000\n9000",
    "a\nb",
    "\x1b[31m",
    "\ud800",
    "/tmp/\udcff",
    "x" * 100_000,
    "[",
    "[1]",
    "[null]",
    '["a", 1]',
    '{"a": 1}',
    "[" * 5000,
    '["' * 3000,
    "[::1",
    "]",
    ",",
    ",,,",
    "a,,b",
    "true",
    "None",
    "~nobody-has-this-name/x",
    "/",
    "//",
    "/..",
    "/lom/../x",
    "/a//b",
    ".",
    "..",
    "*",
    "*.example.com",
    "http://a.example:8000/path",
    "https://a.example:99999",
    "https://user:secret-word@a.example",
    "a.example:0",
    "a.example:http",
    "a..example",
    "-a.example",
    "ü.example",
    "ü" * 300,
    "a" * 64 + ".example",
    "10.0.0.1/8",
    "10.0.0.1/99",
    "fe80::1%eth0",
    "999.999.999.999",
    "sqlite:",
    "sqlite://",
    "sqlite:///",
    "sqlite:///:memory:",
    "sqlite:///file:x?uri=true",
    "sqlite:///x.db?mode=ro",
    "sqlite://x.db",
    "sqlite:////",
    "sqlite:////dev/null/x.db",
    "sqlite:///" + "x" * 5000,
    "SQLITE:///x.db",
    "mysql://me:secret-word@h/db",
    "postgresql+asyncpg://me:secret-word@h/db",
    "postgresql://me:secret-word@h:notaport/db",
    "postgresql://user:p@ss:secret-word@h:notaport/db",
    "postgresql://me:secret-word@[::1/db",
    "postgresql://me:secret-word@h:99999999/db",
    "postgresql://me:secret-word\n@h/db",
    "postgresql://",
    "://",
)


def read(**variables: str) -> Settings:
    return load_settings({f"LOM_{name.upper()}": value for name, value in variables.items()})


@pytest.mark.parametrize("name", NAMES)
def test_no_value_of_a_setting_ends_in_a_traceback_and_what_is_wrong_is_named_with_what_is_allowed(name: str) -> None:
    for value in HOSTILE:
        try:
            read(**{name: value})
        except SettingsError as error:
            told = str(error)
            assert told.startswith(f"LOM_{name.upper()}: "), value[:50]
            assert str(Settings.model_fields[name].description) in told
            assert "secret-word" not in told
            assert len(told) < 1000 or value in told


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_that_is_empty_is_not_set_and_an_empty_list_is_empty(name: str) -> None:
    for nothing in ("", "  ", '""', "\n"):
        expected = () if name in LISTS else getattr(load_settings({}), name)
        assert getattr(read(**{name: nothing}), name) == expected


@pytest.mark.parametrize("name", sorted(LISTS))
def test_lists_are_written_with_commas_blanks_or_as_json_and_show_an_example_that_works(name: str) -> None:
    description = str(Settings.model_fields[name].description)
    example = next(part for part in re.findall(r"`([^`]+)`", description) if "," in part)
    first, second = example.split(",")
    forms = (example, f"{first}, {second}", f"{first} {second}", f" {first},\n{second}, ", f'["{first}", "{second}"]')
    for form in (*forms, f"'{example}'", f'"{first}","{second}"', f"{first},{second},{first},"):
        assert getattr(read(**{name: form}), name) == (first, second), form
    assert getattr(read(**{name: first}), name) == getattr(read(**{name: f"{first},"}), name) == (first,)
    assert getattr(read(**{name: "[]"}), name) == ()
    with pytest.raises(SettingsError, match=re.escape(example)):
        read(**{name: "no, such/ thing!"})


@pytest.mark.parametrize(
    ("name", "value", "means"),
    [
        ("host", "[::1]", "::1"),
        ("host", "LocalHost", "localhost"),
        ("port", " 8811\r", 8811),
        ("port", '"8811"', 8811),
        ("require_key", "TRUE", True),
        ("require_key", "0", False),
        ("log_level", "INFO", "info"),
        ("root_path", "/lom/", "/lom"),
        ("root_path", "/", ""),
        ("cors_origins", "HTTPS://A.example:443/", ("https://a.example",)),
        ("cors_origins", "http://[::1]:3000", ("http://[::1]:3000",)),
        ("cors_origins", "*", ("*",)),
        ("allowed_hosts", "Lom.Example,bücher.example", ("lom.example", "xn--bcher-kva.example")),
        ("allowed_hosts", "::1", ("[::1]",)),
        ("webhook_hosts", "::1,[::1]:8443", ("::1", "[::1]:8443")),
        ("trusted_proxies", "10.1.2.3/8,[::1]", ("10.0.0.0/8", "::1")),
        ("database_url", "postgres://me:p%40ss@h/db", "postgresql://me:p%40ss@h/db"),
    ],
)
def test_what_people_write_is_taken_as_they_mean_it(name: str, value: str, means: Any) -> None:
    assert getattr(read(**{name: value}), name) == means


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("host", "http://0.0.0.0", "without scheme"),
        ("host", "0.0.0.0:8000", "without scheme, port"),
        ("allowed_hosts", "lom.example.com:8000", "port"),
        ("cors_origins", "https://a.example/app", "no path"),
        ("cors_origins", "a.example", "scheme"),
        ("trusted_proxies", "caddy", "neither an address nor a network"),
        ("root_path", "/a/../b", "not a path"),
        ("root_path", "lom", "not a path"),
        ("database_url", "sqlite:///:memory:", "needs a file"),
        ("database_url", "sqlite://", "needs a file"),
        ("database_url", "sqlite://lom.db", "three slashes"),
        ("database_url", "postgresql://user:p@ss:word@h:notaport/db", "@ as %40"),
        ("tls_key", "/no/such.key", "there is no file /no/such.key"),
        ("rate_limit", "0", "greater than or equal to 1"),
    ],
)
def test_a_wrong_value_is_told_what_is_wrong_with_it(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(words)):
        read(**{name: value})


def test_a_path_of_sqlite_is_absolute_from_the_start_and_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert read(database_url="sqlite:///lom.db").database_url == f"sqlite:///{tmp_path}/lom.db"
    assert read(database_url="sqlite:///~/lom.db").database_url == f"sqlite:///{tmp_path}/home/lom.db"
    with pytest.raises(SettingsError, match="is a folder"):
        read(database_url=f"sqlite:///{tmp_path}")


def test_without_a_home_the_place_of_the_database_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("XDG_DATA_HOME", "HOME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 4_242_424)  # a user whom the system does not know
    with pytest.raises(SettingsError, match="LOM_DATABASE_URL: there is no home folder"):
        load_settings({})


def test_what_kubernetes_and_docker_set_for_a_service_of_our_name_is_ignored_and_named() -> None:
    address = "tcp://10.0.0.7:8000"
    theirs = {
        "LOM_PORT": address,
        "LOM_SERVICE_HOST": "10.0.0.7",
        "LOM_SERVICE_PORT": "8000",
        "LOM_SERVICE_PORT_HTTP": "8000",
        "LOM_PORT_8000_TCP": address,
        "LOM_PORT_8000_TCP_PROTO": "tcp",
        "LOM_PORT_8000_TCP_PORT": "8000",
        "LOM_PORT_8000_TCP_ADDR": "10.0.0.7",
        "LOM_PORT_53_UDP": "udp://10.0.0.7:53",
        "LOM_NAME": "/web/lom",
        "LOM_ENV_PATH": "/usr/bin",
        "LOM_WORKER_SERVICE_HOST": "10.0.0.8",
        "LOM_WORKER_PORT": address,
        "LOM_WORKER_PORT_8000_TCP_ADDR": "10.0.0.8",
        "LOM_1_NAME": "/web/lom_1",
    }
    clients = {"LOM_KEY": "lom_live_x", "LOM_URL": "http://127.0.0.1:8000"}
    assert load_settings(theirs | clients | {"LOM_WORKERS": "2"}).workers == 2
    assert load_settings(theirs).port == 8000
    assert injected(theirs | clients | {"LOM_WORKERS": "2", "PATH": "/usr/bin"}) == sorted(theirs)


@pytest.mark.parametrize("variable", ["LOM_PORTS", "LOM_PROT", "LOM_SERVICE", "LOM_HOST_NAME", "LOM_ENV", "LOM_KEYS"])
def test_a_name_that_is_nobodys_stays_an_error_with_a_suggestion(variable: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable} is not a setting; (did you mean LOM_|allowed: LOM_)"):
        load_settings({variable: "8000"})


def test_every_wrong_setting_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as told:
        load_settings({"LOM_PORT": "banana", "LOM_WORKERS": "0", "LOM_PROT": "1"})
    assert {line.split()[0].rstrip(":") for line in str(told.value).splitlines()} == {
        "LOM_PORT",
        "LOM_WORKERS",
        "LOM_PROT",
    }
