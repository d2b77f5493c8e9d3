"""All settings, from environment variables with defaults for a family's own machine.

docs/configuration.md lists the variables. System checks (`stories.checks`) name what is wrong or
unsafe.
"""

from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.conf.locale import LANG_INFO
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from stories.vocabulary import languages
from storyteller import addresses, env
from storyteller.lang_info import lang_info
from storyteller.secrets import stored_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("STORYTELLER_DATA", str(BASE_DIR / ".data"))).expanduser().resolve()

DEBUG = env.boolean("STORYTELLER_DEBUG")
SECRET_KEY = env.text("SECRET_KEY") or stored_secret_key(DATA_DIR)
# The address that `manage.py serve` listens at: this machine alone, unless set otherwise.
LISTEN_ADDRESS = env.address("STORYTELLER_LISTEN", "127.0.0.1")
ADDRESS_FOR_OTHERS = addresses.for_others(LISTEN_ADDRESS)
ALLOWED_HOSTS = env.words("STORYTELLER_HOSTS") or addresses.host_names(ADDRESS_FOR_OTHERS)
CSRF_TRUSTED_ORIGINS = env.words("STORYTELLER_ORIGINS")
# Set where the app is reached over HTTPS only; cookies then never travel in the clear.
IS_HTTPS = env.boolean("STORYTELLER_HTTPS")

# The storyteller's model ------------------------------------------------------------------------

LLM_PROVIDER = env.choice("STORYTELLER_LLM", "auto", ("auto", "ollama", "openai", "embedded"))
# Asked where the first has no host that can write; local stays local where none is named.
FALLBACK_PROVIDER = env.choice("STORYTELLER_FALLBACK", "", ("", "ollama", "openai", "embedded"))
MODEL_PATH = env.text("STORYTELLER_MODEL_PATH")
OLLAMA_BASE_URL = env.text("OLLAMA_BASE_URL", "http://127.0.0.1:11434")
OLLAMA_API_KEY = env.text("OLLAMA_API_KEY")
OLLAMA_MODEL = env.text("OLLAMA_MODEL")
OLLAMA_TEMPERATURE = env.number("OLLAMA_TEMPERATURE", 0.75, low=0.0, high=2.0)
OLLAMA_MAX_TOKENS = env.integer("OLLAMA_MAX_TOKENS", 1600, low=64, high=32768)
OLLAMA_NUM_CTX = env.integer("OLLAMA_NUM_CTX", 8192, low=2048, high=1048576)
OLLAMA_KEEP_ALIVE = env.text("OLLAMA_KEEP_ALIVE", "30m")
OPENAI_BASE_URL = env.text("OPENAI_BASE_URL")
OPENAI_API_KEY = env.text("OPENAI_API_KEY")
OPENAI_MODEL = env.text("OPENAI_MODEL")
MODEL_TIMEOUT_SECONDS = env.number("STORYTELLER_MODEL_TIMEOUT", 120.0, low=1.0, high=3600.0)
# A model that is asked about each paragraph before it is shown, and what it may take.
GUARD_MODEL = env.text("STORYTELLER_GUARD_MODEL")
GUARD_TIMEOUT_SECONDS = env.number("STORYTELLER_GUARD_TIMEOUT", 20.0, low=0.05, high=600.0)
GUARD_IS_ADVISORY = env.boolean("STORYTELLER_GUARD_ADVISORY")
# Text is shown by the sentence, or word by word ahead of all checks but the rules.
SHOWS_UNCHECKED_WORDS = (
    env.choice("STORYTELLER_SHOW", "sentences", ("sentences", "words")) == "words"
)
# Of the words that a chapter was asked to have: one with fewer is written on.
MIN_LENGTH_PERCENT = env.integer("STORYTELLER_MIN_LENGTH", 60, low=0, high=100)
# How many chapters all processes together write at once on one host; 0 leaves it to the
# provider's default.
MAX_CONCURRENT = env.integer("STORYTELLER_MAX_CONCURRENT", 0, low=0, high=1024)
# How many of them may be one family's; 0 sets no limit but the one above.
MAX_CONCURRENT_PER_FAMILY = env.integer(
    "STORYTELLER_MAX_CONCURRENT_PER_FAMILY", 2, low=0, high=1024
)
# How many may wait for a slot at the model host; one family takes half of these at most.
MAX_QUEUED = env.integer("STORYTELLER_MAX_QUEUED", 100, low=1, high=100000)
# How many chapters one family may begin in a minute and in an hour; 0 sets no limit.
CHAPTERS_PER_MINUTE = env.integer("STORYTELLER_CHAPTERS_PER_MINUTE", 120, low=0, high=100000)
CHAPTERS_PER_HOUR = env.integer("STORYTELLER_CHAPTERS_PER_HOUR", 600, low=0, high=100000)
# Whether the next chapters are written while a child reads, one for each choice: `near` only at
# hosts on this machine and its network.
WRITE_AHEAD = env.choice("STORYTELLER_WRITE_AHEAD", "near", ("near", "always", "off"))
# Stories are written in web processes, or by processes of `manage.py workers` beside them.
RUNS = env.choice("STORYTELLER_RUNS", "inprocess", ("inprocess", "workers"))

# A finished chapter's event log is kept for so long; after that the chapter itself is the replay.
KEEP_EVENTS_DAYS = env.integer("STORYTELLER_KEEP_EVENTS_DAYS", 30, low=1, high=3650)

# Whether LangSmith, a service elsewhere, is sent what models are told and say. Its client reads the
# other variables that it has by itself; of those that turn it on, only this one is heeded.
IS_TRACED = env.boolean("LANGSMITH_TRACING")

# Narration --------------------------------------------------------------------------------------

# Processes that make audio, of each web process; 0 leaves reading aloud to the readers' devices.
NARRATION_PROCESSES = env.integer("STORYTELLER_NARRATION_PROCESSES", 1, low=0, high=64)
NARRATION_DIR = DATA_DIR / "narration"
NARRATION_MEGABYTES = env.integer("STORYTELLER_NARRATION_MB", 500, low=10, high=1000000)
# Piper's voices by language, and the command that says them.
VOICES = {
    languages.primary_language(code): Path(file).expanduser()
    for code, file in env.pairs("STORYTELLER_VOICES").items()
}
PIPER = env.text("STORYTELLER_PIPER", "piper")

# Streams ----------------------------------------------------------------------------------------

SSE_KEEPALIVE_SECONDS = env.number("STORYTELLER_SSE_KEEPALIVE", 15.0, low=0.05, high=15.0)
SSE_MAX_SECONDS = env.number("STORYTELLER_SSE_MAX", 600.0, low=1.0, high=600.0)
SSE_ACCESS_SECONDS = env.number("STORYTELLER_SSE_ACCESS", 30.0, low=0.05, high=60.0)
LEASE_SECONDS = env.number("STORYTELLER_LEASE", 15.0, low=1.0, high=300.0)

# Django -----------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "csp",
    "ninja",
    "children",
    "stories",
]

MIDDLEWARE = [
    "storyteller.middleware.Security",
    "servestatic.middleware.ServeStaticMiddleware",
    "storyteller.middleware.ContentSecurityPolicy",
    "storyteller.middleware.Sessions",
    "storyteller.middleware.Locale",
    "storyteller.middleware.Common",
    "storyteller.middleware.Csrf",
    "storyteller.middleware.Authentication",
    "storyteller.middleware.Messages",
    "storyteller.middleware.FrameOptions",
    "allauth.account.middleware.AccountMiddleware",
]

# These look for Django's middleware by name, and find ours: tests look at what it does.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002", "security.W003"]

ROOT_URLCONF = "storyteller.urls"
ASGI_APPLICATION = "storyteller.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

try:
    DATABASES = {
        "default": dj_database_url.parse(
            env.text("DATABASE_URL", f"sqlite:///{DATA_DIR / 'storyteller.sqlite3'}")
        )
    }
except ValueError:  # which may hold the password, as any part of the address may
    raise ImproperlyConfigured(
        "DATABASE_URL is no address of a database: allowed are postgres://USER:PASSWORD@HOST/NAME "
        "and sqlite:///PATH; in a password %2F stands for /, %3F for ?, %23 for #, %5B for ["
    ) from None
_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # Writers queue for the lock from their first statement on, instead of failing in the middle.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # `stories.infra.db.tidy_up` empties the log; commits do it only where that is not enough.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA wal_autocheckpoint=10000;"
        ),
    }
elif _database["ENGINE"] == "django.db.backends.postgresql":
    _database["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 16, "timeout": 20}}
    if RUNS == "workers":
        INSTALLED_APPS.append("procrastinate.contrib.django")
# How long a process that is told to end may go on with its chapters. With SQLite there is no other
# process to show them meanwhile: the sooner this one ends, the sooner readers have a new one.
_GRACE_SECONDS = 0.0 if _database["ENGINE"] == "django.db.backends.sqlite3" else 6.0
GRACE_SECONDS = env.number("STORYTELLER_GRACE_SECONDS", _GRACE_SECONDS, low=0.0, high=3600.0)

# For counts shared by processes: chapters begun by a family, failed log-ins.
REDIS_URL = env.text("REDIS_URL")
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "storyteller",
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "storyteller_cache",
        # Beyond this the oldest go, and with them what was counted.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# `children` knows nothing of stories, and so asks here for further problems of a child's profile.
PROFILE_CHECK = "stories.generations.inputs.profile_problems"
# And tells here that rows were deleted, for what lies outside the database.
AFTER_DELETION = "stories.execution.retention.forget_narration"

AUTH_USER_MODEL = "children.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
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
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_ADAPTER = "children.accounts.AccountAdapter"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Limits on logging in count by the client's address, which behind HTTPS only the proxy knows.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if IS_HTTPS else 0
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "Storyteller <storyteller@localhost>")

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
# Languages beside the app's own: a folder each, and their catalogues in `locale`.
LANGUAGES_DIR = env.text("STORYTELLER_LANGUAGES_DIR")
if LANGUAGES_DIR:
    try:
        languages.search(Path(LANGUAGES_DIR).expanduser())
    except languages.BadLanguage as problem:
        raise ImproperlyConfigured(f"STORYTELLER_LANGUAGES_DIR: {problem}") from problem
    LOCALE_PATHS.append(Path(LANGUAGES_DIR).expanduser() / "locale")
LANGUAGES = [(row.code, _(row.name)) for row in languages.languages()]
LANGUAGES_BIDI = [row.code for row in languages.languages() if row.direction == "rtl"]
LANG_INFO.update(lang_info(languages.languages()))
TIME_ZONE = env.text("TZ", "UTC")
USE_TZ = True

STATIC_URL = "/static/"
SERVESTATIC_USE_FINDERS = True

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_HSTS_SECONDS = 31536000 if IS_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "img-src": [SELF, "data:"],
        "media-src": [SELF, "blob:"],
        "object-src": [NONE],
    }
}

# Nothing a child or parent typed, no story, and no query string (it may hold a ticket), reaches a
# log. Django's own handlers, which write exceptions in full, are replaced.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "storyteller.logs.DiscreetFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": []},
        "stories": {"level": env.text("STORYTELLER_LOG_LEVEL", "INFO")},
        "httpx": {"level": "WARNING"},
    },
}
