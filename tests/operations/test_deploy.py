"""Every file of deploy/: started or verified by the program that reads it, where that is at hand."""

import base64
import hashlib
import hmac
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
import yaml

from accounts.models import ApiKey, User
from conway import environment, unprivileged
from inference import catalog
from tests.served import owners_database, served

DEPLOY = Path(__file__).parents[2] / "deploy"
ROOT = DEPLOY.parent
UNITS = sorted((DEPLOY / "systemd").iterdir())


def without(program: str) -> Any:
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


# Each file → the tests that start it, or have the program that reads it look at it.
LOOKED_AT_BY = {
    "Dockerfile": ("test_the_image_has_all_that_serves_and_nothing_that_tests",),
    "compose.yaml": (
        "test_compose_sets_only_what_there_is_and_every_secret_has_a_file",
        "test_an_engine_takes_compose",
    ),
    "compose/roles.sh": ("test_the_image_of_postgresql_makes_the_role_of_the_application",),
    "*.sh": ("test_a_script_is_plain_sh_and_can_be_run", "test_the_page_leads_from_nothing_to_a_service"),
    "systemd/*.service": ("test_systemd_takes_a_unit", "test_a_unit_starts_what_there_is"),
    "systemd/*.timer": ("test_systemd_takes_a_unit",),
    "nginx/conway.conf": ("test_nginx_takes_the_site",),
    "caddy/Caddyfile": ("test_caddy_takes_the_site",),
    "prometheus/*.yml": ("test_promtool_takes_them",),
    "grafana/conway.json": ("test_every_metric_is_on_the_dashboard_or_in_a_rule",),
}
WRITTEN_BY_AN_OPERATOR = ("secrets",)


def test_every_file_is_looked_at_by_a_test() -> None:
    """A file that is new belongs to one of these, or gets a test of its own; and a test that goes takes its row."""
    tests = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    files = [path.relative_to(DEPLOY) for path in DEPLOY.rglob("*") if path.is_file()]
    found = {
        str(file): row for file in files for row in LOOKED_AT_BY if file.match(row) and len(file.parts) == depth(row)
    }
    left = [file for file in files if str(file) not in found and file.parts[0] not in WRITTEN_BY_AN_OPERATOR]
    assert (left, set(found.values())) == ([], set(LOOKED_AT_BY))
    assert [name for names in LOOKED_AT_BY.values() for name in names if f"def {name}(" not in tests] == []


def depth(row: str) -> int:
    return row.count("/") + 1


# systemd


@without("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_a_unit(unit: Path, tmp_path: Path) -> None:
    """With the places of this machine, since verify looks whether programs are there."""
    for path in UNITS:
        text = path.read_text().replace("/srv/conway", str(ROOT))
        text = re.sub(r"^(User|Group)=.*", r"\1=daemon", text, flags=re.MULTILINE)
        (tmp_path / path.name).write_text(re.sub(r"file://\S+", "man:sh(1)", text))
    name = unit.name.replace("@.", "@a.")
    if name != unit.name:
        (tmp_path / name).symlink_to(tmp_path / unit.name)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")


def test_the_server_has_time_to_settle_before_it_is_killed() -> None:
    unit = (DEPLOY / "systemd" / "conway@.service").read_text()
    seconds = int(re.search(r"TimeoutStopSec=(\d+)", unit)[1])  # type: ignore[index]
    defaults = environment.read({})
    assert seconds >= defaults.CONWAY_STOP_SECONDS + defaults.CONWAY_SETTLE_SECONDS + 10
    assert yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["conway"]["stop_grace_period"] == "50s"


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_a_unit_starts_what_there_is(unit: Path) -> None:
    command = re.search(r"ExecStart=(\S+) (\S+)(?: (\w+))?", unit.read_text())
    assert command
    if command[1].endswith("python"):
        assert command[2] == "manage.py"
        found = list(ROOT.glob(f"*/management/commands/{command[3]}.py"))
        assert found, f"there is no command {command[3]}"
    else:
        assert (ROOT / command[1].removeprefix("/srv/conway/")).stat().st_mode & 0o111


# Proxies


@pytest.fixture
def site(tmp_path: Path) -> Any:
    """nginx's own configuration around ours, on free ports, with a certificate of a minute ago."""
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-keyout", str(tmp_path / "privkey.pem"), "-out", str(tmp_path / "fullchain.pem")]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names, *files],
        check=True,
        capture_output=True,
    )

    def site(gateway: int, plain: int, tls: int) -> Path:
        text = (DEPLOY / "nginx" / "conway.conf").read_text()
        text = text.replace("/etc/letsencrypt/live/inference.example.com", str(tmp_path))
        text = text.replace("inference.example.com", "localhost").replace("127.0.0.1:8000", f"127.0.0.1:{gateway}")
        text = re.sub(r"listen \[::\].*", "", text)
        text = text.replace("listen 80;", f"listen 127.0.0.1:{plain};").replace("listen 443", f"listen 127.0.0.1:{tls}")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        places = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
        whole = f"daemon off; pid {tmp_path}/pid; error_log stderr; worker_processes 1;\nevents {{}}\n"
        whole += f"http {{ access_log off;\n{places}{text}\n}}\n"
        (tmp_path / "nginx.conf").write_text(whole)
        return tmp_path / "nginx.conf"

    return site


def free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])


@without("nginx")
@without("openssl")
def test_nginx_takes_the_site(site: Any) -> None:
    done = subprocess.run(["nginx", "-t", "-c", str(site(8000, 8080, 8443))], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


@pytest.fixture
def proxied(site: Any, alice: User, tmp_path: Path, transactional_db: None) -> Iterator[tuple[httpx2.Client, int, str]]:
    """A gateway behind nginx, with the settings that the site asks for: a client, the plain port, a key."""
    catalog.load()
    key = ApiKey.issue(user=alice, name="Alice's")[1]
    plain, tls = free_port(), free_port()
    behind = {"CONWAY_SANDBOX": "1", "BEHIND_TLS_PROXY": "1", "CONWAY_TRUSTED_PROXIES": "127.0.0.1"}
    with served(**behind, HTTPS_ONLY="1", ALLOWED_HOSTS="localhost") as gateway:
        nginx = subprocess.Popen(["nginx", "-c", str(site(gateway.port, plain, tls))])
        try:
            verify = ssl.create_default_context(cafile=str(tmp_path / "fullchain.pem"))
            with httpx2.Client(base_url=f"https://localhost:{tls}", verify=verify, timeout=30) as client:
                wait_for(plain)
                yield client, plain, key
        finally:
            nginx.terminate()
            nginx.wait(10)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)


@without("nginx")
@without("openssl")
def test_behind_nginx_a_stream_comes_as_it_is_made_and_metrics_stay_inside(proxied: Any) -> None:
    client, plain, key = proxied
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
    assert client.get("/metrics").status_code == 404
    assert client.get("/sign-in").status_code == 200
    assert client.get("/sign-in").headers["strict-transport-security"]
    assert httpx2.get(f"http://localhost:{plain}/sign-in").headers["location"] == "https://localhost/sign-in"
    message = {"role": "user", "content": "say 10 words [[pace=100]]"}
    body = {"model": "gpt-5-mini", "stream": True, "messages": [message]}
    arrived = []
    with client.stream("POST", "/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"}) as said:
        arrived = [time.monotonic() for _ in said.iter_raw()]
    assert said.status_code == 200
    assert arrived[-1] - arrived[0] > 0.5  # not all at once, at the end


@without("caddy")
def test_caddy_takes_the_site() -> None:
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "caddy" / "Caddyfile")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", ["nginx/conway.conf", "caddy/Caddyfile"])
def test_a_proxy_waits_as_long_as_a_completion_may_take_and_hides_the_metrics(path: str) -> None:
    text = (DEPLOY / path).read_text()
    assert "3700s" in text
    assert "/metrics" in text
    assert environment.read({}).CONWAY_MAX_BODY_BYTES == 32 * 2**20
    assert re.search(r"32\s?MB|32m", text)


# Containers


def test_the_image_has_all_that_serves_and_nothing_that_tests() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench", "dependencies"}
    assert packages <= set(sources)
    assert "USER conway" in text.splitlines()


def test_compose_sets_only_what_there_is_and_every_secret_has_a_file() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    for name in ("conway", "migrate"):
        service = services["services"][name]
        given = {key: value for key, value in service["environment"].items() if not key.endswith("_FILE")}
        environment.read(given)
        files = {key: value for key, value in service["environment"].items() if key.endswith("_FILE")}
        assert {key.removesuffix("_FILE") for key in files} <= environment.SECRETS
        named = {Path(value).name for value in files.values()}
        if name == "conway":
            assert named == set(service["secrets"])
        assert service["read_only"] is True
    asked = {secret for service in services["services"].values() for secret in service.get("secrets", ())}
    assert asked == set(services["secrets"])


@without("docker")
def test_an_engine_takes_compose(tmp_path: Path) -> None:
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("docker has no compose here")
    command = ["docker", "compose", "-f", str(DEPLOY / "compose.yaml"), "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.django_db(transaction=True)
def test_the_image_of_postgresql_makes_the_role_of_the_application(tmp_path: Path) -> None:
    """As that image runs it, once, with what compose mounts: here on a database of its own name and role."""
    owner = psycopg.connect(owners_database(), autocommit=True)
    name, secret = "conway_app_of_compose", tmp_path / "application_password"
    secret.write_text("it's a \\ secret\n")
    script = (DEPLOY / "compose" / "roles.sh").read_text().replace("/run/secrets/application_password", str(secret))
    (tmp_path / "roles.sh").write_text(script.replace("conway_app ", f"{name} "))
    info = owner.info
    address = {"PGHOST": info.host, "PGPORT": str(info.port), "PGPASSWORD": info.password}
    address["PATH"] = f"{Path(unprivileged.binary('psql')).parent}:{os.environ['PATH']}"
    try:
        done = subprocess.run(
            ["sh", str(tmp_path / "roles.sh")],
            env={**os.environ, **address, "POSTGRES_USER": info.user, "POSTGRES_DB": info.dbname},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        role = owner.execute("SELECT rolcanlogin, rolsuper, rolpassword FROM pg_authid WHERE rolname = %s", (name,))
        may_sign_in, is_superuser, verifier = role.fetchone() or (None, None, "")
        assert (may_sign_in, is_superuser) == (True, False)
        assert is_password("it's a \\ secret", verifier)
    finally:
        owner.execute(f"DROP ROLE IF EXISTS {name}")
        owner.close()


def is_password(password: str, verifier: str) -> bool:
    """By what PostgreSQL keeps of it (RFC 5802): SCRAM-SHA-256$4096:salt$stored key:server key."""
    _, rounds_and_salt, keys = verifier.split("$")
    rounds, salt = rounds_and_salt.split(":")
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return base64.b64encode(hashlib.sha256(client_key).digest()).decode() == keys.split(":")[0]


# Scripts


@pytest.mark.parametrize("script", sorted(DEPLOY.rglob("*.sh")), ids=lambda script: script.name)
def test_a_script_is_plain_sh_and_can_be_run(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    assert script.read_text().startswith("#!/bin/sh\n")
    done = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if shutil.which("shellcheck"):
        done = subprocess.run(["shellcheck", "-e", "SC1090", str(script)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout
