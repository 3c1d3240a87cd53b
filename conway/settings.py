"""Every setting, read from the environment here and nowhere else. README.md lists those an operator sets."""

import os
import secrets
from pathlib import Path
from typing import Any, TypedDict

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from conway import embedded

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool = False) -> bool:
    return env(name, str(default)).lower() in ("1", "true", "yes", "on")


def env_int(name: str, default: int) -> int:
    try:
        return int(env(name, str(default)))
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {env(name)!r}") from None


def env_list(name: str, default: str = "") -> list[str]:
    return [item for item in env(name, default).replace(",", " ").split() if item]


# Where this machine's state lives: the embedded database, the secret key, spools, collected static files.

CONWAY_DATA_DIR = Path(env("CONWAY_DATA_DIR", str(BASE_DIR / "var"))).resolve()


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


SECRET_KEY_IS_DRAWN = not env("SECRET_KEY")
SECRET_KEY = env("SECRET_KEY") or kept_secret(CONWAY_DATA_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")  # the keys before this one, newest first: they still read

# Of what must stay as it is when SECRET_KEY is rotated: by default the oldest key we know, as it was with one key.
OLDEST_SECRET_KEY = [SECRET_KEY, *SECRET_KEY_FALLBACKS][-1]
CONWAY_PSEUDONYM_KEY = env("CONWAY_PSEUDONYM_KEY") or OLDEST_SECRET_KEY  # hashes the user ids that providers see
CONWAY_IDEMPOTENCY_KEY = env("CONWAY_IDEMPOTENCY_KEY") or OLDEST_SECRET_KEY  # Idempotency-Key -> completion id
CONWAY_SECOND_FACTOR_KEY = env("CONWAY_SECOND_FACTOR_KEY") or OLDEST_SECRET_KEY  # seals authenticator apps' secrets

DEBUG = env_bool("DEBUG")
LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS") or LOCAL_HOSTS
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
PORT = env_int("PORT", 8000)
CONWAY_WORKERS = env_int("CONWAY_WORKERS", 1)  # what `serve` starts unless told otherwise
CONWAY_URL = env("CONWAY_URL").rstrip("/")  # where people reach us, for links in what no request asked for

CONWAY_OPERATIONS_TOKEN = env("CONWAY_OPERATIONS_TOKEN")  # who sends it sees why /readyz says no

# Database and Redis

EMBEDDED = "embedded"  # what DATABASE_URL may say instead of an address
DATABASE_URL = "" if env("DATABASE_URL") == EMBEDDED else env("DATABASE_URL")
EMBEDDED_POSTGRESQL = None if DATABASE_URL else CONWAY_DATA_DIR / "postgresql"
EMBEDDED_IS_MEANT = bool(env("DATABASE_URL") or env("CONWAY_DATA_DIR"))  # somebody chose it: it is not just left over
CONWAY_MIGRATION_DATABASE_URL = env("CONWAY_MIGRATION_DATABASE_URL")


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
        "OPTIONS": {"connect_timeout": 5, **parts, "pool": {"min_size": 1, "max_size": 6, "timeout": 10}},
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

REDIS_URL = env("REDIS_URL")
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
    api_key: str | None
    sandbox: bool


CONWAY_SANDBOX = env_bool("CONWAY_SANDBOX")
CONWAY_SANDBOX_PACE_MS = env_int("CONWAY_SANDBOX_PACE_MS", 0)  # per word
CONWAY_SANDBOX_URL = env("CONWAY_SANDBOX_URL").rstrip("/")  # `serve` starts the sandbox and says here where it listens

QWEN = "https://dashscope-intl.aliyuncs.com"
PROVIDER_DEFAULTS = {
    # provider    settings     default upstream root                         path in the sandbox
    "openai":    ("OPENAI",    "https://api.openai.com/v1",                  "/openai/v1"),
    "anthropic": ("ANTHROPIC", "https://api.anthropic.com",                  "/anthropic"),
    "gemini":    ("GEMINI",    "https://generativelanguage.googleapis.com",  "/gemini"),
    "moonshot":  ("MOONSHOT",  "https://api.moonshot.ai/v1",                 "/moonshot/v1"),
    "qwen":      ("DASHSCOPE", QWEN + "/compatible-mode/v1",                 "/dashscope/compatible-mode/v1"),
}  # fmt: skip


def provider(prefix: str, default: str, sandbox_path: str) -> ProviderSetting:
    """An explicit base URL stands even in sandbox mode: who names an upstream wants that one."""
    explicit = env(f"{prefix}_BASE_URL").rstrip("/")
    if CONWAY_SANDBOX and CONWAY_SANDBOX_URL and not explicit:
        return {"base_url": CONWAY_SANDBOX_URL + sandbox_path, "api_key": "sandbox", "sandbox": True}
    return {"base_url": explicit or default, "api_key": env(f"{prefix}_API_KEY") or None, "sandbox": False}


PROVIDERS: dict[str, ProviderSetting] = {name: provider(*row) for name, row in PROVIDER_DEFAULTS.items()}

# Completions

CONWAY_DRAIN_SECONDS = env_int("CONWAY_DRAIN_SECONDS", 30)  # how long an upstream may go on after its client left
CONWAY_STALL_SECONDS = env_int("CONWAY_STALL_SECONDS", 30)  # a client that reads nothing for so long has left
CONWAY_STOP_SECONDS = env_int("CONWAY_STOP_SECONDS", 25)  # for running answers and drains, after SIGTERM
CONWAY_SETTLE_SECONDS = env_int("CONWAY_SETTLE_SECONDS", 8)  # then, for settling what was cut: 5 s until it is spooled
CONWAY_FIRST_BYTE_SECONDS = env_int("CONWAY_FIRST_BYTE_SECONDS", 120)  # how long a provider may think before a stream
CONWAY_BETWEEN_BYTES_SECONDS = env_int("CONWAY_BETWEEN_BYTES_SECONDS", 60)  # and between two of its bytes
CONWAY_JSON_SECONDS = env_int("CONWAY_JSON_SECONDS", 600)  # and for a whole JSON reply
CONWAY_LOST_SECONDS = env_int("CONWAY_LOST_SECONDS", 30)  # a hold whose process is silent for so long is lost
CONWAY_ESTIMATES_PER_MINUTE = env_int("CONWAY_ESTIMATES_PER_MINUTE", 120)  # of an account, in each worker
CONWAY_ACCOUNT_CONCURRENCY = env_int("CONWAY_ACCOUNT_CONCURRENCY", 64)  # completions of an account at once
CONWAY_PROVIDER_CONNECTIONS = env_int("CONWAY_PROVIDER_CONNECTIONS", 1000)  # to each provider, of each worker
CONWAY_MOST_WRITE_OFF_CENTS = env_int("CONWAY_MOST_WRITE_OFF_CENTS", 100)  # beyond, an account asks for nothing more
CONWAY_FETCH_IMAGES = env_bool("CONWAY_FETCH_IMAGES", True)  # by https, for a provider that fetches none (Kimi)
CONWAY_MAX_BODY_BYTES = env_int("CONWAY_MAX_BODY_BYTES", 32 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = CONWAY_MAX_BODY_BYTES  # the server has refused more before Django sees it

# Connections, of each worker

CONWAY_PAGE_BODY_BYTES = env_int("CONWAY_PAGE_BODY_BYTES", 1024 * 1024)  # where no key is looked at before the body
CONWAY_BODIES_BYTES = env_int("CONWAY_BODIES_BYTES", 256 * 1024 * 1024)  # of all requests that are not answered yet
CONWAY_HEADERS_SECONDS = env_int("CONWAY_HEADERS_SECONDS", 20)  # for a request's headers, from its first byte
CONWAY_REQUEST_SECONDS = env_int("CONWAY_REQUEST_SECONDS", 300)  # and for the whole of it
CONWAY_CONNECTIONS = env_int("CONWAY_CONNECTIONS", 10_000)  # or as many as the limit of descriptors allows
CONWAY_CONNECTIONS_PER_ADDRESS = env_int("CONWAY_CONNECTIONS_PER_ADDRESS", 1_000)
# Networks whose X-Forwarded-For is believed, and whose connections are not counted: they bring everybody's.
CONWAY_TRUSTED_PROXIES = env_list("CONWAY_TRUSTED_PROXIES", "127.0.0.0/8 ::1/128")
CONWAY_STUCK_SECONDS = env_int("CONWAY_STUCK_SECONDS", 20)  # a worker whose loop stands still is ended; 0: never
CONWAY_CORS_ORIGINS = env_list("CONWAY_CORS_ORIGINS")  # whose pages may call /v1 from a browser

# What a member of staff books alone; beyond it a second one confirms. Superusers set other ceilings for a person.

CONWAY_STAFF_BOOKING_CENTS = env_int("CONWAY_STAFF_BOOKING_CENTS", 100_000)  # at once
CONWAY_STAFF_DAY_CENTS = env_int("CONWAY_STAFF_DAY_CENTS", 500_000)  # in a day (UTC), all bookings together
CONWAY_STAFF_REQUEST_HOURS = env_int("CONWAY_STAFF_REQUEST_HOURS", 24)  # how long a second person may take
CONWAY_STAFF_PASSWORD_MINUTES = env_int("CONWAY_STAFF_PASSWORD_MINUTES", 15)  # then it is asked before money moves

# Staff show a second factor, a code or a passkey. A session of theirs ends when it is left alone, and after a day.

CONWAY_STAFF_SECOND_FACTOR = env_bool("CONWAY_STAFF_SECOND_FACTOR", not CONWAY_SANDBOX)
CONWAY_STAFF_IDLE_MINUTES = env_int("CONWAY_STAFF_IDLE_MINUTES", 60)
CONWAY_STAFF_SESSION_HOURS = env_int("CONWAY_STAFF_SESSION_HOURS", 24)

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
            ]
        },
    }
]

LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

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
CONWAY_PASSWORD_HASHES = env_int("CONWAY_PASSWORD_HASHES", 2)  # at once, in one process
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

EMAIL_HOST = env("EMAIL_HOST")
EMAIL_DELIVERED_BY = env("EMAIL_BACKEND") or (
    "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST
    else "django.core.mail.backends.console.EmailBackend" if CONWAY_SANDBOX
    else "accounts.mail.Nowhere"
)  # fmt: skip
EMAIL_BACKEND = "conway.common.outbox.EmailBackend"
EMAIL_PORT = env_int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS")  # STARTTLS, port 587
EMAIL_USE_SSL = env_bool("EMAIL_USE_SSL")  # from the first byte, port 465
EMAIL_TIMEOUT = env_int("EMAIL_TIMEOUT", 10)  # seconds, for each thing the mail server has to say
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "Conway <no-reply@localhost>")

# Behind a proxy that speaks TLS; HTTPS_ONLY when every name of this service is reached by HTTPS and by nothing else.

HTTPS_ONLY = env_bool("HTTPS_ONLY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("BEHIND_TLS_PROXY") else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env_bool("BEHIND_TLS_PROXY") or HTTPS_ONLY
SECURE_SSL_REDIRECT = HTTPS_ONLY
SECURE_HSTS_SECONDS = env_int("HSTS_SECONDS", 365 * 24 * 3600) if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = env_bool("HSTS_INCLUDE_SUBDOMAINS")
SECURE_HSTS_PRELOAD = env_bool("HSTS_PRELOAD")
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
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "httpx2": {"level": "WARNING"},
    },
}
