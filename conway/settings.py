"""Django's settings. What an operator sets is in conway/variables.py, and read here and nowhere else."""

import os
import secrets
from pathlib import Path
from typing import Any, TypedDict

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from conway import embedded, environment

BASE_DIR = Path(__file__).resolve().parent.parent


given = environment.read(os.environ)


# Where this machine's state lives: the embedded database, the secret key, spools, collected static files.

CONWAY_DATA_DIR = Path(given.CONWAY_DATA_DIR or BASE_DIR / "var").resolve()


def kept_secret(path: Path) -> str:
    """Made once and read from then on; of two processes that start at once, both get the first one's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_text(secrets.token_urlsafe(50))
    try:
        path.hardlink_to(fresh)
    except FileExistsError:
        pass
    fresh.unlink()
    return path.read_text()


SECRET_KEY_IS_DRAWN = not given.SECRET_KEY
SECRET_KEY = given.SECRET_KEY or kept_secret(CONWAY_DATA_DIR / "secret_key")
SECRET_KEY_FALLBACKS = list(given.SECRET_KEY_FALLBACKS)

# Of what must stay as it is when SECRET_KEY is rotated: by default the oldest key we know, as it was with one key.
OLDEST_SECRET_KEY = [SECRET_KEY, *SECRET_KEY_FALLBACKS][-1]
CONWAY_PSEUDONYM_KEY = given.CONWAY_PSEUDONYM_KEY or OLDEST_SECRET_KEY  # hashes the user ids that providers see
CONWAY_IDEMPOTENCY_KEY = given.CONWAY_IDEMPOTENCY_KEY or OLDEST_SECRET_KEY  # Idempotency-Key -> completion id
CONWAY_SECOND_FACTOR_KEY = given.CONWAY_SECOND_FACTOR_KEY or OLDEST_SECRET_KEY  # seals authenticator apps' secrets

DEBUG = given.DEBUG
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = list(given.ALLOWED_HOSTS) or LOCAL_HOSTS
CSRF_TRUSTED_ORIGINS = list(given.CSRF_TRUSTED_ORIGINS)
PORT = given.PORT
CONWAY_WORKERS = given.CONWAY_WORKERS
CONWAY_URL = given.CONWAY_URL.rstrip("/")  # where people reach us, for links in what no request asked for

CONWAY_OPERATIONS_TOKEN = given.CONWAY_OPERATIONS_TOKEN

CONWAY_ALERT_EMAILS = given.CONWAY_ALERT_EMAILS
OTEL_EXPORTER_OTLP_ENDPOINT = given.OTEL_EXPORTER_OTLP_ENDPOINT
CONWAY_ALERT_WEBHOOK = given.CONWAY_ALERT_WEBHOOK
CONWAY_BACKUP_DIR = given.CONWAY_BACKUP_DIR

# Database and Redis

EMBEDDED = "embedded"  # what DATABASE_URL may say instead of an address
DATABASE_URL = "" if given.DATABASE_URL == EMBEDDED else given.DATABASE_URL
EMBEDDED_POSTGRESQL = None if DATABASE_URL else CONWAY_DATA_DIR / "postgresql"
EMBEDDED_IS_MEANT = bool(given.DATABASE_URL or given.CONWAY_DATA_DIR)  # somebody chose it: it is not just left over
CONWAY_MIGRATION_DATABASE_URL = given.CONWAY_MIGRATION_DATABASE_URL
CONWAY_PREPARED_STATEMENTS = given.CONWAY_PREPARED_STATEMENTS


# A machine that goes without a word, cable drawn, is noticed within seconds, and not by TCP's own quarter of an hour.
# Milliseconds for the second, seconds for the others; DATABASE_URL may say others.
NETWORK = {
    "connect_timeout": "5",
    "tcp_user_timeout": "4000",
    "keepalives_idle": "3",
    "keepalives_interval": "1",
    "keepalives_count": "3",
}


def database(url: str, setting: str = "DATABASE_URL", embedded_role: str = embedded.APPLICATION) -> dict[str, Any]:
    try:
        parts = conninfo_to_dict(url) if url else {"user": embedded_role, "dbname": embedded.DATABASE}
    except ProgrammingError:  # what it says would show what it read, a password too
        form = "postgresql://USER:PASSWORD@HOST:5432/NAME"
        raise ImproperlyConfigured(f"{setting} cannot be read. It looks like {form}") from None
    return {
        "ENGINE": "conway.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        "CONN_HEALTH_CHECKS": True,  # asked before each use: after a restart no page meets a connection of before
        # A page under ASGI holds a connection while it is made: unbounded, 150 readers meet "too many clients". There
        # are two such pools, conway.postgresql.shares says for whom.
        "OPTIONS": {**NETWORK, **parts, "pool": {"min_size": 1, "max_size": 6, "timeout": 10}},
    }


def owner_of(database_: dict[str, Any]) -> dict[str, Any]:
    """How `migrate` connects to the same database; the application's own way if no other is said."""
    if DATABASE_URL and not CONWAY_MIGRATION_DATABASE_URL:
        return database_
    owner = database(CONWAY_MIGRATION_DATABASE_URL, "CONWAY_MIGRATION_DATABASE_URL", embedded.OWNER)
    if owner["NAME"] != database_["NAME"]:
        raise ImproperlyConfigured("CONWAY_MIGRATION_DATABASE_URL names another database than DATABASE_URL does")
    return owner


DATABASES = {"default": database(DATABASE_URL)}
OWNER_DATABASE = owner_of(DATABASES["default"])
APPLICATION_ROLE = DATABASES["default"]["USER"]  # whoever a command or a test connects as meanwhile
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = given.REDIS_URL
REDIS_SILENCE_SECONDS = 20  # channels_redis waits 5 s for a message; redis-py gives up on a silent server after 5, too
REDIS = {"address": REDIS_URL, "socket_timeout": REDIS_SILENCE_SECONDS}
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS]}}
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}

# Providers


class ProviderSetting(TypedDict):
    base_url: str
    api_key: str | None  # or several, with blanks between (inference/upstream/keys.py)
    sandbox: bool


CONWAY_SANDBOX = given.CONWAY_SANDBOX
CONWAY_SANDBOX_PACE_MS = given.CONWAY_SANDBOX_PACE_MS
CONWAY_SANDBOX_URL = os.environ.get("CONWAY_SANDBOX_URL", "").rstrip("/")  # said by `serve`, which starts the sandbox

PROVIDER_DEFAULTS = {
    # provider    settings     path in the sandbox
    "openai":    ("OPENAI",    "/openai/v1"),
    "anthropic": ("ANTHROPIC", "/anthropic"),
    "gemini":    ("GEMINI",    "/gemini"),
    "moonshot":  ("MOONSHOT",  "/moonshot/v1"),
    "qwen":      ("DASHSCOPE", "/dashscope/compatible-mode/v1"),
}  # fmt: skip


def provider(prefix: str, sandbox_path: str) -> ProviderSetting:
    """An explicit base URL stands even in sandbox mode: who names an upstream wants that one."""
    is_explicit = f"{prefix}_BASE_URL" in given.model_fields_set
    if CONWAY_SANDBOX and CONWAY_SANDBOX_URL and not is_explicit:
        return {"base_url": CONWAY_SANDBOX_URL + sandbox_path, "api_key": "sandbox", "sandbox": True}
    base_url, keys = getattr(given, f"{prefix}_BASE_URL"), getattr(given, f"{prefix}_API_KEY")
    return {"base_url": base_url.rstrip("/"), "api_key": keys or None, "sandbox": False}


PROVIDERS: dict[str, ProviderSetting] = {name: provider(*row) for name, row in PROVIDER_DEFAULTS.items()}

# Completions

CONWAY_DRAIN_SECONDS = given.CONWAY_DRAIN_SECONDS
CONWAY_STALL_SECONDS = given.CONWAY_STALL_SECONDS
CONWAY_STOP_SECONDS = given.CONWAY_STOP_SECONDS
CONWAY_SETTLE_SECONDS = given.CONWAY_SETTLE_SECONDS
CONWAY_FIRST_BYTE_SECONDS = given.CONWAY_FIRST_BYTE_SECONDS
CONWAY_BETWEEN_BYTES_SECONDS = given.CONWAY_BETWEEN_BYTES_SECONDS
CONWAY_JSON_SECONDS = given.CONWAY_JSON_SECONDS
CONWAY_LOST_SECONDS = given.CONWAY_LOST_SECONDS
CONWAY_ESTIMATES_PER_MINUTE = given.CONWAY_ESTIMATES_PER_MINUTE
CONWAY_ACCOUNT_CONCURRENCY = given.CONWAY_ACCOUNT_CONCURRENCY
CONWAY_PROVIDER_CONNECTIONS = given.CONWAY_PROVIDER_CONNECTIONS
CONWAY_MOST_WRITE_OFF_CENTS = given.CONWAY_MOST_WRITE_OFF_CENTS
CONWAY_FETCH_IMAGES = given.CONWAY_FETCH_IMAGES
CONWAY_MAX_BODY_BYTES = given.CONWAY_MAX_BODY_BYTES
DATA_UPLOAD_MAX_MEMORY_SIZE = CONWAY_MAX_BODY_BYTES  # the server has refused more before Django sees it

# Connections, of each worker

CONWAY_PAGE_BODY_BYTES = given.CONWAY_PAGE_BODY_BYTES
CONWAY_BODIES_BYTES = given.CONWAY_BODIES_BYTES
CONWAY_HEADERS_SECONDS = given.CONWAY_HEADERS_SECONDS
CONWAY_REQUEST_SECONDS = given.CONWAY_REQUEST_SECONDS
CONWAY_CONNECTIONS = given.CONWAY_CONNECTIONS
CONWAY_CONNECTIONS_PER_ADDRESS = given.CONWAY_CONNECTIONS_PER_ADDRESS
CONWAY_TRUSTED_PROXIES = list(given.CONWAY_TRUSTED_PROXIES)
CONWAY_STUCK_SECONDS = given.CONWAY_STUCK_SECONDS
CONWAY_CORS_ORIGINS = list(given.CONWAY_CORS_ORIGINS)

# What a member of staff books alone; beyond it a second one confirms. Superusers set other ceilings for a person.

CONWAY_STAFF_BOOKING_CENTS = given.CONWAY_STAFF_BOOKING_CENTS
CONWAY_STAFF_DAY_CENTS = given.CONWAY_STAFF_DAY_CENTS
CONWAY_STAFF_REQUEST_HOURS = given.CONWAY_STAFF_REQUEST_HOURS
CONWAY_STAFF_PASSWORD_MINUTES = given.CONWAY_STAFF_PASSWORD_MINUTES

# Staff show a second factor, a code or a passkey. A session of theirs ends when it is left alone, and after a day.

CONWAY_STAFF_SECOND_FACTOR = (
    not CONWAY_SANDBOX if given.CONWAY_STAFF_SECOND_FACTOR is None else given.CONWAY_STAFF_SECOND_FACTOR
)
CONWAY_STAFF_IDLE_MINUTES = given.CONWAY_STAFF_IDLE_MINUTES
CONWAY_STAFF_SESSION_HOURS = given.CONWAY_STAFF_SESSION_HOURS

# Who issues statements: it stands on each of them. The address has its lines apart by "|".

CONWAY_ISSUER_NAME = given.CONWAY_ISSUER_NAME
CONWAY_ISSUER_ADDRESS = [line.strip() for line in given.CONWAY_ISSUER_ADDRESS.split("|") if line.strip()]
CONWAY_ISSUER_TAX_ID = given.CONWAY_ISSUER_TAX_ID

# Whether customers' webhooks may lead into private networks, and be plain http.

CONWAY_WEBHOOKS_PRIVATE = CONWAY_SANDBOX if given.CONWAY_WEBHOOKS_PRIVATE is None else given.CONWAY_WEBHOOKS_PRIVATE

# Applications

INSTALLED_APPS = [
    "conway",
    "inference",
    "credits",
    "accounts",
    "accounts.staff_site_app.StaffSiteConfig",  # django.contrib.admin, behind our own way in
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "ninja",  # its documentation page, with assets of its own instead of a CDN's
    "drf_spectacular",
    "channels",
    "django_htmx",
]

MIDDLEWARE = [
    "conway.common.middleware.api_answers",
    "conway.page_headers.page_headers",
    "conway.common.middleware.Compression",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "conway.common.middleware.Refusals",
]

ROOT_URLCONF = "conway.urls"
ASGI_APPLICATION = "conway.asgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "credits.notices.banner",
            ]
        },
    }
]

LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["conway.formats"]

STATIC_URL = "static/"
STATIC_ROOT = CONWAY_DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "conway" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Signing in

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.backends.PasswordBackend",
    "django.contrib.auth.backends.ModelBackend",  # of sessions that began without a password
]
PASSWORD_HASHERS = [
    "accounts.hashers.BoundedPBKDF2",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
CONWAY_PASSWORD_HASHES = given.CONWAY_PASSWORD_HASHES
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
SESSION_ENGINE = "accounts.sessions"

# Mail. Its links sign people in: only the sandbox, which has no users to lose, writes them to its log. A mail is handed
# to threads of ours, so that a silent mail server keeps no answer waiting; EMAIL_DELIVERED_BY is who really sends it.

EMAIL_HOST = given.EMAIL_HOST
EMAIL_DELIVERED_BY = given.EMAIL_BACKEND or (
    "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST
    else "django.core.mail.backends.console.EmailBackend" if CONWAY_SANDBOX
    else "accounts.mail.Nowhere"
)  # fmt: skip
EMAIL_BACKEND = "conway.common.outbox.EmailBackend"
EMAIL_PORT = given.EMAIL_PORT
EMAIL_HOST_USER = given.EMAIL_HOST_USER
EMAIL_HOST_PASSWORD = given.EMAIL_HOST_PASSWORD
EMAIL_USE_TLS = given.EMAIL_USE_TLS
EMAIL_USE_SSL = given.EMAIL_USE_SSL
EMAIL_TIMEOUT = given.EMAIL_TIMEOUT
DEFAULT_FROM_EMAIL = given.DEFAULT_FROM_EMAIL

# Behind a proxy that speaks TLS; HTTPS_ONLY when every name of this service is reached by HTTPS and by nothing else.

HTTPS_ONLY = given.HTTPS_ONLY
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if given.BEHIND_TLS_PROXY else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = given.BEHIND_TLS_PROXY or HTTPS_ONLY
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_HSTS_SECONDS = given.HSTS_SECONDS if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = given.HSTS_INCLUDE_SUBDOMAINS
SECURE_HSTS_PRELOAD = given.HSTS_PRELOAD
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS_ONLY else "sessionid"  # no other name of the domain can set these
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS_ONLY else "csrftoken"
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]  # subdomains and preloading concern more than this service

# APIs

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.rest.authentication.HeaderAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.rest.permissions.KnownCaller"],
    "EXCEPTION_HANDLER": "conway.common.rest.errors.handle",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["conway.common.rest.json_body.JsonBody"],
}
SPECTACULAR_SETTINGS = {"TITLE": "Conway accounts and credits", "VERSION": "1", "SERVE_INCLUDE_SCHEMA": False}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "conway.common.logs.Json"},
    },
    "filters": {"refusals": {"()": "conway.common.logs.Refusals"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": given.CONWAY_LOG_FORMAT,
            "filters": ["refusals"],
        }
    },
    "root": {"handlers": ["console"], "level": given.LOG_LEVEL},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "httpx2": {"level": "WARNING"},
        "conway.access": {"level": "NOTSET" if given.CONWAY_ACCESS_LOG else "WARNING"},
    },
}
