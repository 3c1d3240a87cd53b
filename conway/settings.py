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


SECRET_KEY = env("SECRET_KEY") or kept_secret(CONWAY_DATA_DIR / "secret_key")
DEBUG = env_bool("DEBUG")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost 127.0.0.1 [::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
PORT = env_int("PORT", 8000)

# Database and Redis

DATABASE_URL = env("DATABASE_URL")
EMBEDDED_POSTGRESQL = None if DATABASE_URL else CONWAY_DATA_DIR / "postgresql"


def database(url: str) -> dict[str, Any]:
    try:
        parts = conninfo_to_dict(url) if url else {"user": embedded.USER, "dbname": embedded.DATABASE}
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read: {error}") from None
    return {
        "ENGINE": "conway.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        # A page under ASGI holds a connection while it is open: unbounded, 150 readers meet "too many clients".
        "OPTIONS": {"connect_timeout": 5, **parts, "pool": {"min_size": 1, "max_size": 8, "timeout": 10}},
    }


DATABASES = {"default": database(DATABASE_URL)}
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
CONWAY_FETCH_IMAGES = env_bool("CONWAY_FETCH_IMAGES", True)  # by https, for a provider that fetches none (Kimi)
CONWAY_MAX_BODY_BYTES = env_int("CONWAY_MAX_BODY_BYTES", 32 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = CONWAY_MAX_BODY_BYTES  # the server has refused more before Django sees it

# Applications

INSTALLED_APPS = [
    "conway",
    "inference",
    "credits",
    "accounts",
    "django.contrib.admin",
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
    "axes",
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
    "axes.middleware.AxesMiddleware",
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
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
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
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_FORM_FIELD = "username"  # as Django calls it; axes would look for "email" and find no one to lock out
AXES_USERNAME_CALLABLE = "accounts.lockout.username"
AXES_LOCKOUT_CALLABLE = "accounts.lockout.response"

EMAIL_BACKEND = env("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
EMAIL_HOST = env("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS")
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "Conway <no-reply@localhost>")

# Behind a proxy that speaks TLS

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env_bool("BEHIND_TLS_PROXY") else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env_bool("BEHIND_TLS_PROXY")

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
        "axes": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
    },
}
