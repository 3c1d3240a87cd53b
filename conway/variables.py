"""Every environment variable an operator may set: its name, type, default and what it does, each said once, here.

conway.environment reads them, conway.settings makes Django's settings of them, and `manage.py document_settings` writes
docs/settings.md and .env.example from them. A class is a section of both; its docstring stands above the section.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def words(value: Any) -> Any:
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(words)]  # with blanks or commas between
Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[int, Field(ge=0)]
Cents = NotNegative


def variable(default: Any, what: str, *, example: str = "", secret: bool = False) -> Any:
    """`example` stands in .env.example where the default says nothing. A secret may be given as a file, NAME_FILE."""
    return Field(
        default, description=what, validate_default=True, json_schema_extra={"example": example, "is_secret": secret}
    )


def secret(what: str, *, example: str = "") -> Any:
    return variable("", what, example=example, secret=True)


def key_of(provider: str) -> Any:
    return secret(f"{provider}'s key. Several, with blanks between, take turns; one that is refused rests")


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Providers(Section):
    """Providers. A missing key makes that provider's models answer 503. Without any, `make run` answers from the
    sandbox."""

    OPENAI_API_KEY: str = key_of("OpenAI")
    ANTHROPIC_API_KEY: str = key_of("Anthropic")
    GEMINI_API_KEY: str = key_of("Google Gemini")
    MOONSHOT_API_KEY: str = key_of("Moonshot")
    DASHSCOPE_API_KEY: str = key_of("Qwen")
    OPENAI_BASE_URL: str = variable("https://api.openai.com/v1", "any server of the same protocol will do")
    ANTHROPIC_BASE_URL: str = variable("https://api.anthropic.com", "any server of the same protocol will do")
    GEMINI_BASE_URL: str = variable(
        "https://generativelanguage.googleapis.com", "any server of the same protocol will do"
    )
    MOONSHOT_BASE_URL: str = variable("https://api.moonshot.ai/v1", "any server of the same protocol will do")
    DASHSCOPE_BASE_URL: str = variable(
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1", "any server of the same protocol will do"
    )
    CONWAY_SANDBOX: bool = variable(False, "1: providers without a base URL of their own are answered by the sandbox")
    CONWAY_SANDBOX_PACE_MS: NotNegative = variable(0, "milliseconds the sandbox takes for a word", example="40")


class State(Section):
    """Database, Redis, and what this machine keeps."""

    DATABASE_URL: str = secret(
        "PostgreSQL 18 or newer; unset (`make run`, the sandbox) or `embedded`, one of our own under CONWAY_DATA_DIR",
        example="postgresql://conway_app:secret@127.0.0.1:5432/conway",
    )
    CONWAY_MIGRATION_DATABASE_URL: str = secret(
        "the same database in the role that owns the tables, for `migrate`; unset, DATABASE_URL's does both",
        example="postgresql://conway:secret@127.0.0.1:5432/conway",
    )
    CONWAY_PREPARED_STATEMENTS: bool = variable(
        True, "completions' statements are prepared; 0 behind a PgBouncer before 1.21, or one that keeps none"
    )
    REDIS_URL: str = secret(
        "carries live pages across several workers; unset, each worker's pages see only its own events",
        example="redis://127.0.0.1:6379/0",
    )
    CONWAY_DATA_DIR: str = variable(
        "", "embedded database, drawn secret key, spools, static files (`var` beside manage.py)", example="var"
    )


class Service(Section):
    """The service and its secrets."""

    PORT: NotNegative = variable(8000, "where `serve` listens without --port; 0 takes a free one")
    CONWAY_WORKERS: Positive = variable(1, "what `serve` starts without --workers; one per core is a good start")
    ALLOWED_HOSTS: Words = variable((), "names people reach the service by", example="localhost 127.0.0.1")
    CONWAY_URL: str = variable(
        "", "its address, for links in mails that no request asked for", example="https://inference.example.com"
    )
    SECRET_KEY: str = secret("signs tokens, sessions and mailed links; unset, one is drawn once into CONWAY_DATA_DIR")
    SECRET_KEY_FALLBACKS: Words = variable(
        (), "secret keys before the present one, newest first: nobody is signed out by a rotation", secret=True
    )
    CONWAY_IDEMPOTENCY_KEY: str = secret(
        "of completion ids under an Idempotency-Key; unset, the oldest secret key: set it before that one goes"
    )
    CONWAY_PSEUDONYM_KEY: str = secret(
        "of the user ids that providers see; unset, the oldest secret key: set it before that one goes"
    )
    CONWAY_SECOND_FACTOR_KEY: str = secret(
        "seals the secrets of authenticator apps; unset, the oldest secret key: set it before that one goes"
    )
    DEBUG: bool = variable(False, "error pages that show code and settings to everybody")
    LOG_LEVEL: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(str.upper)] = (
        variable("INFO", "the least that is logged")
    )
    CONWAY_LOG_FORMAT: Literal["plain", "json"] = variable("plain", "json: an object a line")
    CONWAY_ACCESS_LOG: bool = variable(True, "a line for each answer, at INFO; never prompts, replies, keys, addresses")
    CONWAY_ALERT_EMAILS: Words = variable((), "who is told what staff must know", example="ops@example.com")
    CONWAY_ALERT_WEBHOOK: str = secret("an address that is told the same, as JSON with a `text`")
    CONWAY_BACKUP_DIR: str = variable("", "backups of deploy/backup.sh on this machine; it is told when none is new")
    OTEL_EXPORTER_OTLP_ENDPOINT: str = variable(
        "",
        "where traces go, as OTLP over HTTP; needs requirements-tracing.txt. Unset, none are made",
        example="http://127.0.0.1:4318",
    )
    CONWAY_OPERATIONS_TOKEN: str = secret(
        "who sends it as a bearer token may read /metrics, and sees why /readyz says no; unset, /metrics is for "
        "this machine alone, and for nobody behind a proxy"
    )


class Proxy(Section):
    """Behind a proxy that speaks TLS."""

    BEHIND_TLS_PROXY: bool = variable(False, "the proxy's X-Forwarded-Proto tells the scheme; cookies for HTTPS only")
    CONWAY_TRUSTED_PROXIES: Words = variable(
        ("127.0.0.0/8", "::1/128"),
        "addresses and networks of proxies whose X-Forwarded-For is believed and whose connections are not counted",
    )
    CSRF_TRUSTED_ORIGINS: Words = variable((), "origins whose forms are taken", example="https://inference.example.com")
    HTTPS_ONLY: bool = variable(False, "nothing but HTTPS is spoken: redirects, HSTS, cookies named __Host-…")
    HSTS_SECONDS: NotNegative = variable(365 * 24 * 3600, "how long browsers remember that")
    HSTS_INCLUDE_SUBDOMAINS: bool = variable(False, "of every name below this one, too")
    HSTS_PRELOAD: bool = variable(False, "consent to the browsers' built-in list")


class Completions(Section):
    """Completions, in seconds where nothing else is said."""

    CONWAY_FIRST_BYTE_SECONDS: Positive = variable(120, "how long a provider may think before a stream's first byte")
    CONWAY_BETWEEN_BYTES_SECONDS: Positive = variable(60, "and between two of its bytes")
    CONWAY_JSON_SECONDS: Positive = variable(600, "and for a whole JSON reply")
    CONWAY_DRAIN_SECONDS: Positive = variable(
        30, "how long a stream that shows all its tokens is read on after its client left"
    )
    CONWAY_STALL_SECONDS: Positive = variable(30, "a client that reads nothing for so long has left")
    CONWAY_STOP_SECONDS: Positive = variable(25, "what running answers have to end in, after SIGTERM")
    CONWAY_SETTLE_SECONDS: Positive = variable(8, "then, what settling has of what was cut")
    CONWAY_LOST_SECONDS: Positive = variable(30, "a hold whose process is silent for so long is lost")
    CONWAY_ACCOUNT_CONCURRENCY: Positive = variable(
        64, "completions of an account at the same time; staff raise it for a user in the admin"
    )
    CONWAY_PROVIDER_CONNECTIONS: Positive = variable(
        1000, "connections of each worker to each provider, shared fairly between accounts"
    )
    CONWAY_ESTIMATES_PER_MINUTE: Positive = variable(120, "estimates an account may ask for, in each worker")
    CONWAY_MOST_WRITE_OFF_CENTS: Cents = variable(
        100, "what an account's requests may cost beyond its credit before it has to top up"
    )
    CONWAY_FETCH_IMAGES: bool = variable(True, "images are fetched, by https, for a provider that fetches none (Kimi)")
    CONWAY_MAX_BODY_BYTES: Positive = variable(32 * 1024 * 1024, "the largest body of a completion")


class Connections(Section):
    """Connections, of each worker."""

    CONWAY_CONNECTIONS: Positive = variable(10_000, "kept open in all, or as many as the limit of descriptors allows")
    CONWAY_CONNECTIONS_PER_ADDRESS: Positive = variable(1_000, "of one address; of an IPv6 /64")
    CONWAY_HEADERS_SECONDS: Positive = variable(20, "for a request's headers to arrive, from its first byte")
    CONWAY_REQUEST_SECONDS: Positive = variable(300, "and for the whole of it")
    CONWAY_PAGE_BODY_BYTES: Positive = variable(1024 * 1024, "the largest body of a page or form")
    CONWAY_BODIES_BYTES: Positive = variable(256 * 1024 * 1024, "of all bodies that are not answered yet")
    CONWAY_STUCK_SECONDS: NotNegative = variable(
        20, "a worker whose event loop stands still for so long is ended and started again; 0: never"
    )
    CONWAY_CORS_ORIGINS: Words = variable(
        (), "origins whose pages may call /v1 from a browser", example="https://app.example.com"
    )


class Staff(Section):
    """Staff, and what one of them books without a second one."""

    CONWAY_STAFF_BOOKING_CENTS: Cents = variable(100_000, "cents at once")
    CONWAY_STAFF_DAY_CENTS: Cents = variable(500_000, "cents in a day (UTC), all bookings together")
    CONWAY_STAFF_REQUEST_HOURS: Positive = variable(24, "how long the second person may take")
    CONWAY_STAFF_PASSWORD_MINUTES: Positive = variable(
        15, "after so many minutes the password is asked for again before money moves, or a customer adds a way in"
    )
    CONWAY_STAFF_SECOND_FACTOR: bool | None = variable(
        None, "whether staff need a second factor; unset, everywhere but in the sandbox", example="1"
    )
    CONWAY_STAFF_IDLE_MINUTES: Positive = variable(60, "a session of staff that is left alone for so long ends")
    CONWAY_STAFF_SESSION_HOURS: Positive = variable(24, "and after so long in any case")
    CONWAY_PASSWORD_HASHES: Positive = variable(2, "passwords that one process hashes at once")


class Customers(Section):
    """Statements, and what customers' own servers are told."""

    CONWAY_ISSUER_NAME: str = variable("Conway Inference", "who issues statements")
    CONWAY_ISSUER_ADDRESS: str = variable(
        "", "its address, the lines apart by a vertical bar", example="Street 1|12345 Town|Country"
    )
    CONWAY_ISSUER_TAX_ID: str = variable("", "its tax number", example="DE123456789")
    CONWAY_WEBHOOKS_PRIVATE: bool | None = variable(
        None, "whether webhooks may lead into private networks and be http; unset, in the sandbox alone", example="0"
    )


class Mail(Section):
    """Mail. Without a host mails go to the console in the sandbox, and nowhere else."""

    EMAIL_HOST: str = variable("", "the mail host", example="mail.example.com")
    EMAIL_PORT: Positive = variable(25, "its port", example="465")
    EMAIL_HOST_USER: str = variable("", "who we are to it")
    EMAIL_HOST_PASSWORD: str = secret("and our password there")
    EMAIL_USE_SSL: bool = variable(False, "TLS from the first byte, port 465")
    EMAIL_USE_TLS: bool = variable(False, "STARTTLS, port 587")
    EMAIL_TIMEOUT: Positive = variable(10, "seconds it may take for each thing it has to say")
    EMAIL_BACKEND: str = variable(
        "", "who really sends mails, as Django names it", example="django.core.mail.backends.smtp.EmailBackend"
    )
    DEFAULT_FROM_EMAIL: str = variable("Conway <no-reply@localhost>", "whom mails are from")


SECTIONS: tuple[type[Section], ...] = (
    Providers,
    State,
    Service,
    Proxy,
    Completions,
    Connections,
    Staff,
    Customers,
    Mail,
)


class Variables(Providers, State, Service, Proxy, Completions, Connections, Staff, Customers, Mail):
    """All of them."""


# What is there for others, by names that would be ours: read elsewhere, or by nobody of us.
OTHERS = {
    "CONWAY_SANDBOX_URL": "`serve` tells its workers where its sandbox listens",
    "CONWAY_API_KEY": "a caller's key in the README's commands",
    "CONWAY_API_URL": "a caller's address of this service",
    "CONWAY_LONG_TESTS": "`make faults` sets it",
    "CONWAY_CLIENTS": "`make test-clients` sets it",
}
