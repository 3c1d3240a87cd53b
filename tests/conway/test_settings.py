"""Settings as a fresh process reads them from its environment."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

READ = "import json, sys; from conway import settings; print(json.dumps(getattr(settings, sys.argv[1]), default=str))"


@pytest.fixture
def setting(tmp_path: Path) -> Any:
    def read(name: str, **environment: str) -> Any:
        said = run(name, CONWAY_DATA_DIR=str(tmp_path), **environment)
        said.check_returncode()
        return json.loads(said.stdout)

    return read


def run(name: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", READ, name]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True)


def test_debug_is_off_unless_asked_for(setting: Any) -> None:
    assert setting("DEBUG") is False
    assert setting("DEBUG", DEBUG="true") is True


def test_staff_need_a_second_factor_outside_the_sandbox(setting: Any) -> None:
    asked = [setting("CONWAY_STAFF_SECOND_FACTOR", CONWAY_STAFF_SECOND_FACTOR="", CONWAY_SANDBOX=on) for on in "01"]
    assert asked == [True, False]


def test_a_secret_key_is_made_once_and_kept_to_its_owner(setting: Any, tmp_path: Path) -> None:
    drawn = setting("SECRET_KEY", SECRET_KEY="")
    assert drawn == setting("SECRET_KEY", SECRET_KEY="") == (tmp_path / "secret_key").read_text()
    assert (tmp_path / "secret_key").stat().st_mode & 0o077 == 0
    assert setting("SECRET_KEY", SECRET_KEY="mine") == "mine"


def test_processes_that_start_at_once_share_one_secret_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", READ, "SECRET_KEY"]
    environment = {**os.environ, "CONWAY_DATA_DIR": str(tmp_path), "SECRET_KEY": ""}
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(6)]
    assert len({process.communicate()[0] for process in started}) == 1


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:p%40ss@db.example:5433/books?sslmode=require",
        "host=db.example port=5433 user=ann password=p@ss dbname=books sslmode=require",
    ],
)
def test_a_database_url_names_another_server(setting: Any, url: str) -> None:
    database = setting("DATABASES", DATABASE_URL=url)["default"]
    named = {name: database[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
    assert named == {"NAME": "books", "USER": "ann", "PASSWORD": "p@ss", "HOST": "db.example", "PORT": "5433"}
    assert database["OPTIONS"]["sslmode"] == "require"
    assert setting("EMBEDDED_POSTGRESQL", DATABASE_URL=url) is None


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "eighty", "PORT must be a whole number, not 'eighty'"),
        ("CONWAY_STOP_SECOND", "3", "CONWAY_STOP_SECOND is no setting. Did you mean CONWAY_STOP_SECONDS?"),
        ("DATABASE_URL", "nonsense", "DATABASE_URL cannot be read"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(name: str, value: str, said: str) -> None:
    assert said in run("DEBUG", **{name: value}).stderr


def test_a_provider_has_its_default_address_and_a_key_if_given(setting: Any) -> None:
    providers = setting("PROVIDERS", DASHSCOPE_API_KEY="k")
    assert list(providers) == ["openai", "anthropic", "gemini", "moonshot", "qwen"]
    assert providers["openai"] == {"base_url": "https://api.openai.com/v1", "api_key": None, "sandbox": False}
    assert providers["qwen"]["api_key"] == "k"


def test_the_sandbox_takes_the_place_of_every_provider_without_an_address_of_its_own(setting: Any) -> None:
    sandbox = {"CONWAY_SANDBOX": "1", "CONWAY_SANDBOX_URL": "http://127.0.0.1:5"}
    providers = setting("PROVIDERS", **sandbox, OPENAI_BASE_URL="http://127.0.0.1:6/v1/", OPENAI_API_KEY="k")
    assert providers["openai"] == {"base_url": "http://127.0.0.1:6/v1", "api_key": "k", "sandbox": False}
    assert providers["gemini"]["base_url"] == "http://127.0.0.1:5/gemini"
    assert [provider["sandbox"] for provider in providers.values()] == [False, True, True, True, True]
