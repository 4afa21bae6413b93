"""Settings from the environment, prefix LOM_; every field says what it does and what is allowed."""

import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from platformdirs import user_data_path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app import setting_values as values
from app.failures import Failure

PREFIX = "LOM_"
OF_CLIENTS = frozenset({"LOM_KEY", "LOM_URL"})
"""What the Python client and the quickstart read."""
_INJECTED = re.compile(
    r"LOM_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT_[0-9]+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?|ENV_\w+)"
    r"|LOM_NAME"
)
"""What Kubernetes and Docker tell each container of a service or container named `lom`, or `lom-` and more."""
_INJECTED_VALUES = (
    (re.compile(r"LOM_(?:\w+_)?PORT"), re.compile(r"(?:tcp|udp|sctp)://.*")),
    (re.compile(r"LOM_\w+_NAME"), re.compile(r"/.*")),
)


class SettingsError(Failure):
    """A LOM_ variable is unknown or has a value that is not allowed; the message names it."""


def _default_database_url() -> str:
    try:
        return f"sqlite:///{user_data_path('lead-or-manage') / 'lead-or-manage.db'}"
    except RuntimeError:  # a user whom the system does not know, without HOME
        raise ValueError("there is no home folder to keep the database in; say where") from None


Host = Annotated[str, BeforeValidator(values.plain), AfterValidator(values.host)]
Names = Annotated[tuple[Annotated[str, AfterValidator(values.host_header)], ...], BeforeValidator(values.listed)]
Networks = Annotated[tuple[Annotated[str, AfterValidator(values.network)], ...], BeforeValidator(values.listed)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(values.origin)], ...], BeforeValidator(values.listed)]
Places = Annotated[tuple[Annotated[str, AfterValidator(values.place)], ...], BeforeValidator(values.listed)]
File = Annotated[Path | None, BeforeValidator(values.file)]


def _small(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseModel):
    """All settings of the service. `load_settings` reads each from the variable LOM_ + its name in capitals."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=False)

    database_url: Annotated[str, AfterValidator(values.database)] = Field(
        default_factory=_default_database_url,
        description="Where the catalogue is kept: `sqlite:///PATH` or `postgresql://USER:PASSWORD@HOST/NAME`. "
        "By default an SQLite file in the user's data directory.",
    )
    host: Host = Field(default="127.0.0.1", description="Address that `serve` listens on, such as `0.0.0.0`.")
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
    cors_origins: Origins = Field(
        default=(),
        description="Web origins whose pages may call the service, with commas between: "
        "`https://hr.example.com,https://intranet.example.com`.",
    )
    allowed_hosts: Names = Field(
        default=(),
        description="Names, without port, that requests may be sent to besides this machine's own, with commas "
        "between: `lom.example.com,lom.internal`. None: any name, but `/mcp` answers to localhost, 127.0.0.1 and "
        "[::1] only.",
    )
    root_path: Annotated[str, AfterValidator(values.root_path)] = Field(
        default="",
        description="Path under which a reverse proxy serves this service, such as `/lom`; none by default.",
    )
    trusted_proxies: Networks = Field(
        default=("127.0.0.1", "::1"),
        description="Addresses or networks, with commas between, whose X-Forwarded-For and X-Forwarded-Proto are "
        "believed: `127.0.0.1,172.18.0.0/16`; * believes everybody, an empty list nobody.",
    )
    retention_days: int = Field(
        default=30,
        ge=1,
        le=3650,
        description="Days after which a kept assessment is erased; a request may ask for fewer, not for more.",
    )
    tls_certificate: File = Field(
        default=None,
        description="File with the certificate and its chain (PEM); with it, and `LOM_TLS_KEY`, `serve` speaks HTTPS. "
        "Unset where a proxy does.",
    )
    tls_key: File = Field(default=None, description="File with the private key of the certificate (PEM).")
    scoring_slots: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        le=256,
        description="How many texts one worker scores at the same time; by default the number of cores.",
    )
    jobs: Annotated[Literal["embedded", "queue"], BeforeValidator(_small)] = Field(
        default="embedded",
        description="Who scores the texts of jobs: embedded, `serve` itself; queue, `lead-or-manage worker` on as many "
        "machines as wanted (PostgreSQL and the extra `worker`).",
    )
    webhook_hosts: Places = Field(
        default=(),
        description="Hosts that a job may call at its end, over https, with commas between: "
        "`hooks.example.com,hooks.internal:8443`; without port 443. A loopback host may be called without TLS.",
    )
    response_cache_mb: int = Field(
        default=32,
        ge=0,
        le=4096,
        description="Megabytes that each worker keeps of answers of the catalogue; 0 keeps none.",
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_small)] = Field(
        default="info", description="Least severe log line that is written: debug, info, warning or error."
    )


LISTS = frozenset(name for name, field in Settings.model_fields.items() if isinstance(field.default, tuple))


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_injected(variable: str, value: str) -> bool:
    """Whether Kubernetes or Docker set this variable, for a service or a container that is named like us."""
    if _INJECTED.fullmatch(variable):
        return True
    return any(name.fullmatch(variable) and form.fullmatch(value) for name, form in _INJECTED_VALUES)


def injected(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The variables that are ignored because Kubernetes or Docker set them."""
    return sorted(name for name, value in environment.items() if is_injected(name.upper(), value))


def load_settings(environment: Mapping[str, str] = os.environ, **options: Any) -> Settings:
    """Read the settings from the environment; options that are not None go before it. What is set to nothing is not
    set; a list is empty then.

    Raises SettingsError naming each variable that is wrong and what is allowed.
    """
    fields = {PREFIX + name.upper(): name for name in Settings.model_fields}
    given: dict[str, Any] = {}
    faults = []
    for variable, value in sorted(environment.items(), reverse=True):  # LOM_PORT goes before lom_port
        name = variable.upper()
        if not name.startswith(PREFIX) or name in OF_CLIENTS or is_injected(name, value):
            continue
        if name not in fields:
            faults.append(_unknown(variable, fields))
        elif not _is_utf8(value):
            faults.append(_wrong((fields[name],), "it holds bytes that are not UTF-8"))
        elif values.plain(value) or fields[name] in LISTS:
            given[fields[name]] = values.plain(value)
    given |= {name: value for name, value in options.items() if value is not None}
    try:
        settings = Settings.model_validate(given)
    except ValidationError as error:
        faults += [_wrong(fault["loc"], fault["msg"]) for fault in error.errors(include_input=False, include_url=False)]
    except ValueError as error:  # of a default
        faults.append(_wrong(("database_url",), str(error)))
    if faults:
        raise SettingsError("\n".join(dict.fromkeys(faults)))
    return settings


def _is_utf8(value: str) -> bool:
    return not any("\ud800" <= sign <= "\udfff" for sign in value)


def _unknown(variable: str, fields: Mapping[str, str]) -> str:
    near = get_close_matches(variable.upper(), fields, n=1)
    hint = f"did you mean {near[0]}?" if near else f"allowed: {', '.join(sorted(fields))}"
    return f"{variable} is not a setting; {hint}"


def _wrong(place: tuple[str | int, ...], message: str) -> str:
    name = str(place[0])
    what = message.removeprefix("Value error, ").rstrip(".")
    return f"{PREFIX}{name.upper()}: {what}. {Settings.model_fields[name].description}"


def data_path(name: str) -> Path:
    """Folder `seed` or `migrations`: inside the installed package, or beside it in a checkout."""
    installed = Path(__file__).parent / name
    return installed if installed.is_dir() else Path(__file__).parent.parent / name
