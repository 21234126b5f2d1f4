"""Every setting of Parley, read from the environment; docs/self-hosting.md is checked against this table."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chat import failpoints, rates, tickets

MIN_SECRET_LENGTH = 32


class SettingsError(ValueError):
    """A setting is missing or unsafe; the text is one line for the person who starts the server."""


def names(text: str) -> list[str]:
    """A comma-separated list."""
    return [name.strip() for name in text.split(",") if name.strip()]


@dataclass(frozen=True)
class Setting:
    """One setting: its name in the environment, how it is read, what holds without it, and what it means."""

    name: str
    parse: Callable[[str], Any]
    default: Any
    meaning: str
    choices: tuple[str, ...] = ()

    def read(self, environ: Mapping[str, str]) -> Any:
        text = environ.get(self.name, "").strip()
        if not text:
            return self.default
        try:
            value = self.parse(text)
        except ValueError:
            raise SettingsError(f"{self.name} must be a number, not {text!r}") from None
        if self.choices and value not in self.choices:
            raise SettingsError(f"{self.name} must be one of {', '.join(self.choices)}, not {text!r}")
        return value


SETTINGS = (
    Setting("HOST", str, "127.0.0.1", "Address to listen on. Anything but loopback asks for the strict settings."),
    Setting("PORT", int, 5000, "Port to listen on."),
    Setting("PUBLIC_URL", str, "", "Where people reach this server, such as https://chat.example.org."),
    Setting("ALLOWED_ORIGINS", names, (), "More origins whose pages may connect, comma-separated."),
    Setting("SECRET_KEY", str, "", "Signs cookies; at least 32 characters. On loopback one is made and kept."),
    Setting(
        "TICKET_KEYS",
        str,
        "",
        "Keys that sign tickets, name:key, comma-separated: the first signs, all verify. Empty: made of SECRET_KEY.",
    ),
    Setting("DATA_DIR", str, "instance", "Folder for the embedded database and the kept secret."),
    Setting("DATABASE_URL", str, "", "Where the data lives; empty: SQLite, chat.db in DATA_DIR."),
    Setting(
        "REDIS_URL", str, "", "A Redis by which several processes hear of each other at once; without it, each second."
    ),
    Setting(
        "WEB_CONCURRENCY", int, 1, "How many processes serve; each counts the limits on rates and connections itself."
    ),
    Setting(
        "POLLING",
        str,
        "auto",
        "Long-polling for who cannot open a websocket; auto: if one process serves. Several gunicorns behind a front"
        " that does not lead each client to the same one must say off.",
        ("auto", "off"),
    ),
    Setting("REGISTRATION", str, "invite", "Who may sign up.", ("invite", "open", "closed")),
    Setting("SESSION_DAYS", int, 14, "Days after which an unused sign-in ends."),
    Setting("RETENTION_DAYS", int, 0, "Days after which messages are removed for good; 0: never."),
    Setting("TRUSTED_PROXIES", int, 0, "How many proxies in front set X-Forwarded-* headers."),
    Setting("WORKSPACE_NAME", str, "Parley", "The name that the pages show."),
    Setting("ASYNC_MODE", str, "auto", "How connections are served.", ("auto", "eventlet", "threading")),
    Setting("POLL_SECONDS", float, 1.0, "How often the database is asked for untold changes; 0: never."),
    Setting("HEADS_SECONDS", float, 25.0, "How often a connection hears its heads; 0: never."),
    Setting(
        "RATE_LIMITS",
        str,
        "",
        f"How fast people may ask, a second and at once: changes to {rates.DEFAULT}; or off.",
    ),
    Setting("CONNECTIONS_PER_USER", int, 20, "Connections that one person may have open; 0: any number."),
    Setting("CONNECTIONS_PER_ADDRESS", int, 500, "Connections from one address, such as an office's; 0: any number."),
    Setting("AWS_GATEWAY_ENDPOINT", str, "", "The API Gateway's management address, with its stage; empty: no AWS."),
    Setting("AWS_GATEWAY_URL", str, "", "The wss:// address of it that the web client connects to; empty: Socket.IO."),
    Setting("AWS_FORWARD_SECRET", str, "", "Signs the events that the forwarder brings; at least 32 characters."),
    Setting(
        "APPSYNC_EVENTS_ENDPOINT", str, "", "Where AppSync Events takes what happens in public channels; empty: off."
    ),
    Setting("APPSYNC_NAMESPACE", str, "parley", "The AppSync channel namespace: a channel is /namespace/id."),
    Setting(
        "CHAT_FAILPOINTS",
        str,
        "",
        "For tests only: where the server breaks on purpose. Refused where others can reach it.",
    ),
    Setting("LOG_LEVEL", str, "INFO", "How much is logged.", ("DEBUG", "INFO", "WARNING", "ERROR")),
    Setting("LOG_FORMAT", str, "text", "Lines for people, or JSON for programs.", ("text", "json")),
    Setting(
        "METRICS_TOKEN",
        str,
        "",
        "Who shows it may read /metrics; at least 32 characters. Without it nobody may, but on loopback everybody.",
    ),
)


def read_settings(environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Read and check every setting; raises SettingsError with one line that says what to mend."""
    source = os.environ if environ is None else environ
    settings = check({setting.name: setting.read(source) for setting in SETTINGS})
    if settings["STRICT"] and source.get("FLASK_DEBUG", "0").lower() not in ("", "0", "false", "no"):
        raise SettingsError("FLASK_DEBUG must be off where others can reach the server")
    return settings


def check(settings: dict[str, Any]) -> dict[str, Any]:
    """Refuse what is unsafe where others can reach the server; fill in what can be derived."""
    public = urlsplit(settings["PUBLIC_URL"])
    if settings["PUBLIC_URL"] and (public.scheme not in ("http", "https") or not public.hostname):
        raise SettingsError("PUBLIC_URL must be a full address such as https://chat.example.org")
    if not all(map(is_origin, settings["ALLOWED_ORIGINS"])):
        raise SettingsError("ALLOWED_ORIGINS must name origins such as https://other.example.org, without * or path")
    if not 0 <= settings["PORT"] <= 65535:
        raise SettingsError("PORT must be a number from 0 to 65535")
    if settings["RETENTION_DAYS"] < 0:
        raise SettingsError("RETENTION_DAYS must be a number of days, or 0 to keep everything")
    others_come = not is_loopback(settings["HOST"]) or not is_loopback(public.hostname or "localhost")
    settings["STRICT"] = strict = others_come or public.scheme == "https"
    if strict and not settings["SECRET_KEY"]:
        raise SettingsError("SECRET_KEY must be set (32 or more random characters) where others can reach the server")
    if settings["SECRET_KEY"] and len(settings["SECRET_KEY"]) < MIN_SECRET_LENGTH:
        raise SettingsError(f"SECRET_KEY is too short: give it {MIN_SECRET_LENGTH} or more random characters")
    if settings["METRICS_TOKEN"] and len(settings["METRICS_TOKEN"]) < MIN_SECRET_LENGTH:
        raise SettingsError(f"METRICS_TOKEN is too short: give it {MIN_SECRET_LENGTH} or more random characters")
    if strict and public.scheme != "https":
        raise SettingsError("PUBLIC_URL must name the https:// address people use where others can reach the server")
    if settings["WEB_CONCURRENCY"] < 1:
        raise SettingsError("WEB_CONCURRENCY must be 1 or more")
    check_redis(settings["REDIS_URL"], strict=strict)
    check_rates_and_failpoints(settings)
    check_gateway(settings)
    check_appsync(settings)
    settings["HTTPS"] = public.scheme == "https"
    settings["DATABASE_URL"] = database_url(settings)
    return settings


def check_redis(address: str, *, strict: bool) -> None:
    """Refuse an address of Redis that is none, and one that lets everyone in where others can reach the server."""
    try:
        url = urlsplit(address)
        is_one = url.scheme in ("redis", "rediss") and bool(url.hostname) and url.port != 0
    except ValueError:
        is_one = False
    if not address:
        return
    if not is_one:
        raise SettingsError("REDIS_URL must be an address such as redis://:password@127.0.0.1:6379/0, or rediss://…")
    if strict and not url.password and not is_loopback(url.hostname or ""):
        raise SettingsError("REDIS_URL must hold a password where Redis is on another machine: redis://:password@host")


def check_rates_and_failpoints(settings: Mapping[str, Any]) -> None:
    """Refuse rates that are none, and failpoints wherever someone could be hurt."""
    try:
        rates.parse(settings["RATE_LIMITS"])
    except ValueError as error:
        raise SettingsError(f"RATE_LIMITS must be off, or rates such as message=20/60: {error}") from None
    if settings["CHAT_FAILPOINTS"] and settings["STRICT"]:
        raise SettingsError("CHAT_FAILPOINTS breaks the server on purpose; it is refused where others can reach it")
    if not settings["CHAT_FAILPOINTS"].startswith("@"):
        try:
            failpoints.parse(settings["CHAT_FAILPOINTS"])
        except ValueError as error:
            raise SettingsError(f"CHAT_FAILPOINTS: {error}") from None


def check_gateway(settings: Mapping[str, Any]) -> None:
    """Refuse ticket keys that are none, and half an API Gateway."""
    try:
        keys = tickets.parse_keys(settings["TICKET_KEYS"])
    except ValueError as error:
        raise SettingsError(f"TICKET_KEYS: {error}") from None
    page, endpoint = urlsplit(settings["AWS_GATEWAY_URL"]), urlsplit(settings["AWS_GATEWAY_ENDPOINT"])
    if settings["AWS_GATEWAY_URL"] and (page.scheme not in ("ws", "wss") or not page.hostname or page.query):
        raise SettingsError("AWS_GATEWAY_URL must be a full address such as wss://….amazonaws.com/live")
    if not settings["AWS_GATEWAY_ENDPOINT"]:
        if settings["AWS_GATEWAY_URL"]:
            raise SettingsError("AWS_GATEWAY_URL needs AWS_GATEWAY_ENDPOINT beside it")
        return
    if endpoint.scheme not in ("http", "https") or not endpoint.hostname:
        raise SettingsError("AWS_GATEWAY_ENDPOINT must be a full address such as https://….amazonaws.com/live")
    if settings["STRICT"] and (endpoint.scheme != "https" or page.scheme == "ws"):
        raise SettingsError("AWS_GATEWAY_ENDPOINT and AWS_GATEWAY_URL must be https:// and wss:// on a public server")
    if len(settings["AWS_FORWARD_SECRET"]) < MIN_SECRET_LENGTH:
        raise SettingsError(f"AWS_FORWARD_SECRET must have {MIN_SECRET_LENGTH} or more random characters")
    if not keys:
        raise SettingsError("TICKET_KEYS must be set with AWS_GATEWAY_ENDPOINT: the authorizer there needs them too")
    if not find_spec("boto3"):
        raise SettingsError("AWS_GATEWAY_ENDPOINT needs boto3: pip install 'parley-chat[aws]'")


def check_appsync(settings: Mapping[str, Any]) -> None:
    """Refuse half an AppSync, and one that others could read along with."""
    endpoint, namespace = urlsplit(settings["APPSYNC_EVENTS_ENDPOINT"]), settings["APPSYNC_NAMESPACE"]
    if not settings["APPSYNC_EVENTS_ENDPOINT"]:
        return
    if endpoint.scheme not in ("http", "https") or not endpoint.hostname or endpoint.path != "/event":
        raise SettingsError("APPSYNC_EVENTS_ENDPOINT must be a full address such as https://….amazonaws.com/event")
    if settings["STRICT"] and endpoint.scheme != "https":
        raise SettingsError("APPSYNC_EVENTS_ENDPOINT must be https:// on a public server")
    if not (namespace.isascii() and namespace.replace("-", "").isalnum() and len(namespace) <= 50):
        raise SettingsError("APPSYNC_NAMESPACE must be up to 50 letters, digits and hyphens")
    if len(settings["AWS_FORWARD_SECRET"]) < MIN_SECRET_LENGTH:
        raise SettingsError(f"AWS_FORWARD_SECRET must have {MIN_SECRET_LENGTH} or more random characters")
    if not settings["TICKET_KEYS"]:
        raise SettingsError("TICKET_KEYS must be set with APPSYNC_EVENTS_ENDPOINT: the authorizer there needs them too")
    if not find_spec("boto3"):
        raise SettingsError("APPSYNC_EVENTS_ENDPOINT needs boto3: pip install 'parley-chat[aws]'")


def database_url(settings: Mapping[str, Any]) -> str:
    """The database address as SQLAlchemy wants it: SQLite by default, psycopg2 for PostgreSQL."""
    url = settings["DATABASE_URL"] or f"sqlite:///{Path(settings['DATA_DIR']).absolute() / 'chat.db'}"
    scheme, _, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg2://{rest}"  # psycopg 3, the newer default, blocks the whole eventlet process
    if scheme not in ("sqlite", "postgresql+psycopg2"):
        raise SettingsError("DATABASE_URL must begin with sqlite:/// or postgresql://")
    return str(url)


def secret_key(settings: Mapping[str, Any]) -> str:
    """The signing key: the setting, or on loopback one that is made once and kept in DATA_DIR, readable by us alone."""
    if settings["SECRET_KEY"]:
        return str(settings["SECRET_KEY"])
    path = Path(settings["DATA_DIR"]).absolute() / "secret_key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # Written whole under another name first: two processes that start at once must not read half a key.
            draft = path.with_name(f"{path.name}.{os.getpid()}")
            with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
            with suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        return path.read_text().strip()
    except OSError as error:
        raise SettingsError(f"the data folder {path.parent} cannot be used: {error.strerror}") from None


def is_origin(text: str) -> bool:
    """Whether this is an origin as a browser names one: scheme, host and perhaps a port."""
    url = urlsplit(text)
    return url.scheme in ("http", "https") and text == f"{url.scheme}://{url.netloc}" and not set("*@") & set(text)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
