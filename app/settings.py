"""Settings from the environment, prefix LOM_; every field says what it does and what is allowed."""

import os
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field, FilePath, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "LOM_"


class SettingsError(Exception):
    """A LOM_ variable is unknown or has a value that is not allowed; the message names it."""


def _default_database_url() -> str:
    return f"sqlite:///{user_data_path('lead-or-manage') / 'lead-or-manage.db'}"


class Settings(BaseSettings):
    """All settings of the service. Each is read from the environment variable LOM_ + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    database_url: str = Field(
        default_factory=_default_database_url,
        pattern=r"^(sqlite:///.+|postgresql(\+psycopg)?://.*)$",
        description="Where the catalogue is kept: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`. "
        "By default an SQLite file in the user's data directory.",
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="Address that `serve` listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port that `serve` listens on; 0 takes a free one.")
    workers: int = Field(default=1, ge=1, le=64, description="Number of worker processes of `serve`.")
    require_key: bool | None = Field(
        default=None,
        description="Whether every request needs an API key: true or false. Unset, reading and scoring are open to "
        "this machine, and `serve` refuses to listen on any other address than loopback.",
    )
    rate_limit: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="Requests a minute that each key may send, or each address without one; unset, as many as come. "
        "A key's own rate, given at its creation, goes before it.",
    )
    cors_origins: tuple[str, ...] = Field(
        default=(),
        description='Web origins whose pages may call the service, as a JSON list: `["https://hr.example.com"]`.',
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="Names, without port, that requests may be sent to besides this machine's own, as a JSON list: "
        '`["lom.example.com"]`. None: any name, but `/mcp` answers to localhost, 127.0.0.1 and [::1] only.',
    )
    root_path: str = Field(
        default="",
        pattern=r"^(/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?$",
        description="Path under which a reverse proxy serves this service, such as `/lom`; none by default.",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1,::1",
        description="Addresses or networks, with commas between, whose X-Forwarded-For and X-Forwarded-Proto are "
        "believed; * believes everybody.",
    )
    retention_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="Days after which a kept assessment is erased; a request may ask for fewer, not for more.",
    )
    tls_certificate: FilePath | None = Field(
        default=None,
        description="File with the certificate and its chain (PEM); with it, and `LOM_TLS_KEY`, `serve` speaks HTTPS. "
        "Unset where a proxy does.",
    )
    tls_key: FilePath | None = Field(default=None, description="File with the private key of the certificate (PEM).")
    scoring_slots: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        le=256,
        description="How many texts one worker scores at the same time; by default the number of cores.",
    )
    jobs: Literal["embedded", "queue"] = Field(
        default="embedded",
        description="Who scores the texts of jobs: embedded, `serve` itself; queue, `lead-or-manage worker` on as many "
        "machines as wanted (PostgreSQL and the extra `worker`).",
    )
    webhook_hosts: tuple[str, ...] = Field(
        default=(),
        description='Hosts that a job may call at its end, over https, as a JSON list: `["hooks.example.com"]`; with '
        "`:PORT` for another than 443. A loopback host may be called without TLS.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line that is written: debug, info, warning or error."
    )


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def load_settings() -> Settings:
    """Read the settings from the environment.

    Raises SettingsError naming the variable and what is allowed.
    """
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for variable in sorted(os.environ):
        if variable.upper().startswith(PREFIX) and variable.upper() not in known:
            near = get_close_matches(variable.upper(), known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(sorted(known))}"
            raise SettingsError(f"{variable} is not a setting; {hint}")
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_input=False, include_url=False):
            name = str(problem["loc"][0])
            lines.append(f"{PREFIX}{name.upper()}: {problem['msg']}. {Settings.model_fields[name].description}")
        raise SettingsError("\n".join(lines)) from None


def data_path(name: str) -> Path:
    """Folder `seed` or `migrations`: inside the installed package, or beside it in a checkout."""
    installed = Path(__file__).parent / name
    return installed if installed.is_dir() else Path(__file__).parent.parent / name
