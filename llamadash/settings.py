"""All settings, read from the environment (docs/settings.md lists them)."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from dotenv import load_dotenv

from engine_app.core.refused_flags import OURS_ALONE
from llamadash import env, logs

BASE_DIR = Path(__file__).resolve().parent.parent
if not env.boolean("LLAMADASH_IGNORE_DOTENV"):
    load_dotenv(BASE_DIR / ".env")

# ---------------------------------------------------------------- where and who
DEBUG = env.boolean("LLAMADASH_DEBUG")
DATA_DIR = env.path("LLAMADASH_DATA_DIR", BASE_DIR / "var")
MODELS_DIRS = env.paths("LLAMADASH_MODELS_DIRS")
NODE = env.text("LLAMADASH_NODE") or os.uname().nodename
HTTPS = env.boolean("LLAMADASH_HTTPS")
SECRET_KEY = env.secret("LLAMADASH_SECRET_KEY", DATA_DIR / "secret_key")
ALLOWED_HOSTS = env.words("LLAMADASH_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
ALLOWED_HOSTS_GIVEN = bool(env.words("LLAMADASH_ALLOWED_HOSTS"))
LLAMA_SERVER_BIN = env.text("LLAMA_SERVER_BIN")
PORT_RANGE = env.ports("LLAMADASH_PORT_RANGE", "18100-18999")
GATEWAY_OPEN = env.choice("LLAMADASH_GATEWAY_OPEN", "loopback", ("loopback", "never"))
ALLOW_FLAGS = env.flags("LLAMADASH_ALLOW_FLAGS", never=OURS_ALONE)

# ---------------------------------------------------------------- applications
INSTALLED_APPS = [
    "agent_app",
    # Daphne brings Twisted into the process: for the development server only.
    *(["daphne"] if DEBUG else []),
    "llamadash.apps.LlamadashConfig",
    "models_app",
    "metrics_app",
    "logs_app",
    "engine_app",
    "proxy_app",
    "live_app",
    "settings_app",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "csp",
    "template_partials.apps.SimpleAppConfig",
]
ROOT_URLCONF = "llamadash.urls"
ASGI_APPLICATION = "llamadash.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Every entry is synchronous: a mixed chain crosses a thread for each link (14 hops, measured as
# twice the CPU of a request). See llamadash/middleware.py.
MIDDLEWARE = [
    "llamadash.programs.head_is_get",
    "llamadash.middleware.timing",
    "llamadash.middleware.CompressPages",
    "llamadash.middleware.security",
    "llamadash.middleware.csp",
    "llamadash.middleware.sessions",
    "llamadash.middleware.common",
    "llamadash.middleware.csrf",
    "llamadash.middleware.authentication",
    "proxy_app.key_login.key_login",
    "llamadash.middleware.ApiAwareLoginRequired",
    "llamadash.middleware.messages",
    "llamadash.middleware.clickjacking",
    "llamadash.middleware.htmx",
    "llamadash.middleware.axes",
    "llamadash.programs.wrong_method",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "llamadash.context.shell",
            ],
            "builtins": [
                "template_partials.templatetags.partials",
                "llamadash.templatetags.figures",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
        },
    }
]

# ---------------------------------------------------------------- database
SQLITE_OPTIONS = {
    # Every write transaction takes the lock at once: no upgrade from reader to writer that fails.
    "transaction_mode": "IMMEDIATE",
    "timeout": 5,
    "init_command": (
        # Nothing here may take the writer's lock: every new connection would wait for writers.
        # (auto_vacuum does, and is set once: agent_app/new_database.py.)
        "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;"
        "PRAGMA temp_store=MEMORY;PRAGMA mmap_size=134217728;"
        "PRAGMA journal_size_limit=27103364;PRAGMA cache_size=-8000;"
    ),
}


def database() -> dict[str, Any]:
    url = env.text("DATABASE_URL")
    if not url:
        name = str(DATA_DIR / "llamadash.sqlite3")
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": name,
            "OPTIONS": SQLITE_OPTIONS,
            # Opening a connection runs the pragmas again, so it is kept.
            "CONN_MAX_AGE": None,
            # A file, as in production: an in-memory database hides every locking fault.
            "TEST": {"NAME": str(DATA_DIR / "test.sqlite3")},
        }
    allowed = "postgresql://user:password@host:5432/name"
    try:
        parsed = dict(dj_database_url.parse(url, conn_max_age=None, conn_health_checks=True))
    except ValueError:  # dj_database_url's errors repeat the address, and so the password
        parsed = {}
    if parsed.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured(f"DATABASE_URL is not allowed: give {allowed} or nothing.")
    return parsed


DATABASES = {"default": database()}


# ---------------------------------------------------------------- live updates between processes
def channel_layers() -> dict[str, Any]:
    """None without REDIS_URL: one process needs no layer, its hub does all (live_app/hub.py)."""
    url = env.text("REDIS_URL")
    if not url:
        return {}
    if not url.startswith(("redis://", "rediss://", "unix://")):
        # Not the value: it may hold a password.
        raise ImproperlyConfigured(
            "REDIS_URL is not allowed: give redis://host:6379/0, rediss://... or nothing."
        )
    if find_spec("channels_redis") is None:
        raise ImproperlyConfigured(
            "REDIS_URL needs the package channels-redis: install llamadash with its extra 'fleet'."
        )
    # Not the core layer: with redis-py 8 its sockets end when Redis does. Without a time limit for
    # reads, since a subscription may be silent for long.
    host = {"address": url, "socket_timeout": None, "socket_connect_timeout": 2}
    return {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [host], "prefix": "llamadash"},
        }
    }


CHANNEL_LAYERS = channel_layers()

# ---------------------------------------------------------------- users, sessions, throttling
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
SILENCED_SYSTEM_CHECKS = ["axes.W002"]  # it is there, under the name of our synchronous variant
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "registration/locked.html"
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AXES_IPWARE_META_PRECEDENCE_ORDER = ["REMOTE_ADDR"]
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "llamadash_sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "llamadash_csrftoken"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "llamadash.views.csrf_failure"

# ---------------------------------------------------------------- what browsers are told
SECURE_SSL_REDIRECT = HTTPS
# Asked on this machine itself, past the TLS in front.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# ---------------------------------------------------------------- static files, language, logs
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = env.path("LLAMADASH_STATIC_DIR", DATA_DIR / "static")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "llamadash.static_storage.StaticStorage"
    },
}
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 << 20

LOG_LEVEL = env.choice("LLAMADASH_LOG_LEVEL", "INFO", logs.LEVELS)
LOG_FORMAT = env.choice("LLAMADASH_LOG_FORMAT", "console", logs.FORMATS)
LOGGING = logs.configuration(LOG_LEVEL, LOG_FORMAT)
