"""`ensure` makes what a demo needs: a user with credit and a key, and one of staff. Calling it again changes nothing.

The key and the passwords are drawn once and kept in CONWAY_DATA_DIR, so that what was printed stays true.
"""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from accounts.models import ApiKey, User
from accounts.secret_hashing import digest_of
from credits import ledger
from inference.catalog import loading

USER, STAFF = "demo@example.org", "staff@example.org"
CENTS = 1000

# What the curl line asks for, cheap ones. Of any other provider it is the newest model.
MODELS = {
    "openai": "gpt-5-mini",
    "anthropic": "claude-haiku-4.5",
    "gemini": "gemini-2.5-flash",
    "moonshot": "kimi-k2.5",
    "qwen": "qwen3-coder",
}


@dataclass
class Demo:
    key: str
    user_password: str
    staff_password: str


def ensure() -> Demo:
    """A password that its user has changed is not shown."""
    path = Path(settings.CONWAY_DATA_DIR, "demo.json")
    demo = Demo(**json.loads(path.read_text())) if path.exists() else new_demo()
    user = existing(USER) or User.objects.create_user(USER, demo.user_password, name="Demo")
    staff = existing(STAFF) or User.objects.create_superuser(STAFF, demo.staff_password, name="Staff")
    for each in (user, staff):
        if not each.email_proven_at:
            each.prove(str(each.typed_email))  # whoever runs this made them
    ledger.top_up(user=user, cents=CENTS, reference="demo", reason="To try the service", by=None)
    if not ApiKey.objects.filter(digest=digest_of(demo.key), revoked_at=None).exists():
        demo.key = ApiKey.issue(user=user, name="Demo")[1]
    save(path, demo)
    return Demo(demo.key, shown_password(user, demo.user_password), shown_password(staff, demo.staff_password))


def shown_password(user: User, password: str) -> str:
    return password if user.check_password(password) else "(a password of your own)"


def new_demo() -> Demo:
    return Demo(key="", user_password=secrets.token_urlsafe(9), staff_password=secrets.token_urlsafe(9))


def save(path: Path, demo: Demo) -> None:
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(demo)))


def existing(email: str) -> User | None:
    return User.objects.filter(email=email).first() or User.objects.claiming(email).first()


def welcome(demo: Demo, url: str) -> str:
    """The text that `make run` prints. Reads nothing from the database, so that an event loop may call it."""
    messages = [{"role": "user", "content": "Tell me a short story."}]
    body = json.dumps({"model": model(), "stream": True, "messages": messages})
    headers = f"-H 'Authorization: Bearer {demo.key}' -H 'Content-Type: application/json'"
    return f"""
Conway Inference listens on {url}

  curl -N {url}/v1/chat/completions {headers} -d '{body}'

  Your credits   {url}/         {USER}    {demo.user_password}
  Staff admin    {url}/admin/   {STAFF}   {demo.staff_password}
"""


def model() -> str:
    """A model of the first provider that is configured."""
    newest = {row["provider"]: name for name, row in reversed(loading.rows().items())}
    offered = {**newest, **MODELS}
    configured = [name for name, provider in settings.PROVIDERS.items() if provider["api_key"] and name in offered]
    return offered[[*configured, "openai"][0]]
