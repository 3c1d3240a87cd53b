import pytest
from django.core.checks import Tags
from django.core.checks.registry import registry
from django.core.management import CommandError, call_command, get_commands, load_command_class
from django.core.management.base import ALL_CHECKS, SystemCheckError
from django.db import connection
from django.db.backends.base.base import RAN_DB_VERSION_CHECK
from django.test import override_settings
from pytest_django import Settings

from conway import checks
from conway.common import commands
from conway.postgresql.base import DatabaseFeatures


def ids(messages: object) -> list[str]:
    return [message.id for message in messages]  # type: ignore[attr-defined]


def test_nothing_is_wrong_by_default() -> None:
    call_command("check")


def test_before_a_command_of_ours_run_our_checks_of_the_settings_and_no_others() -> None:
    ours = [each for each in registry.registered_checks if each.__module__ == checks.__name__]
    of_settings = [each for each in registry.registered_checks if commands.SETTINGS in each.tags]
    assert of_settings == [each for each in ours if Tags.database not in each.tags] != []
    names = [name for name, app in get_commands().items() if app in {"accounts", "conway", "credits", "inference"}]
    asked = {name: load_command_class(get_commands()[name], name).requires_system_checks for name in names}
    assert asked.pop("migrate") == ALL_CHECKS  # of each release, once
    assert set(map(str, asked.values())) <= {"['settings']", "[]"}, asked


@override_settings(CONWAY_STUCK_SECONDS=1)
def test_a_setting_that_cannot_work_stops_a_command() -> None:
    with pytest.raises(SystemCheckError, match="CONWAY_STUCK_SECONDS must be at least"):
        call_command("settle_lost", skip_checks=False)


@pytest.mark.django_db(transaction=True)
def test_an_old_postgresql_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.close()
    RAN_DB_VERSION_CHECK.discard("default")  # Django looks once in a process
    with monkeypatch.context() as patch:
        patch.setattr(DatabaseFeatures, "minimum_database_version", (99,))
        messages = list(checks.postgresql_is_new_enough(["default"]))
    connection.close()
    assert ids(messages) == ["conway.E001"]
    assert messages[0].msg.startswith("PostgreSQL 99 or later is required")


def test_root_needs_setpriv_for_the_embedded_server(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "")
    settings.EMBEDDED_POSTGRESQL = settings.CONWAY_DATA_DIR / "postgresql"
    assert ids(checks.embedded_postgresql_can_run()) == ["conway.E002"]


@pytest.mark.parametrize(
    "url",
    ["localhost:8080", "ftp://x", "http://", "http:///v1", "http://a..b", "http://256.1.1.1", "http://[::1",
     "http://a b", "http://x:65536", f"http://{'x' * 64}.com", "https://x/v1?version=1", "https://x/v1#one", "http://\u2603.com"],
)  # fmt: skip
def test_a_base_url_must_be_an_address_that_paths_go_behind(settings: Settings, url: str) -> None:
    settings.PROVIDERS = {"openai": {"base_url": url, "api_key": None, "sandbox": False}}
    assert ids(checks.upstreams_are_addresses()) == ["conway.E003"]


@pytest.mark.parametrize(
    "url", ["http://x", "https://me:s%40crt@x.com:8443/v1", "http://[::1]:1/v1", "http://\u00fc.de"]
)
def test_any_address_is_a_base_url(settings: Settings, url: str) -> None:
    settings.PROVIDERS = {"openai": {"base_url": url, "api_key": None, "sandbox": False}}
    assert ids(checks.upstreams_are_addresses()) == []


@override_settings(CONWAY_BODIES_BYTES=1024)
def test_one_body_must_fit_among_all() -> None:
    assert ids(checks.one_body_fits_among_all()) == ["conway.E005"]


@pytest.mark.parametrize(("seconds", "found"), [(0, []), (1, ["conway.E006"]), (3, [])])
def test_nobody_is_taken_for_stuck_too_soon(settings: Settings, seconds: int, found: list[str]) -> None:
    settings.CONWAY_STUCK_SECONDS = seconds
    assert ids(checks.nobody_is_taken_for_stuck_too_soon()) == found


@override_settings(CONWAY_TRUSTED_PROXIES=["10.0.0.0/8", "::1", "my-proxy"])
def test_a_proxy_is_a_network() -> None:
    assert ids(checks.proxies_are_networks()) == ["conway.E007"]


@pytest.mark.parametrize("origin", ["*", "app.example.com", "https://app.example.com/", "https://App.example.com"])
def test_a_page_of_others_has_an_origin(settings: Settings, origin: str) -> None:
    settings.CONWAY_CORS_ORIGINS = ["https://app.example.com", "http://localhost:3000", origin]
    assert ids(checks.pages_of_others_have_origins()) == ["conway.E008"]


@override_settings(DEBUG=True)
def test_an_operator_is_told_that_debug_is_on() -> None:
    assert ids(checks.debug_is_off()) == ["conway.W001"]


def test_an_operator_is_told_that_no_provider_has_a_key() -> None:
    assert ids(checks.something_can_answer()) == ["conway.W002"]


@override_settings(CONWAY_SANDBOX=True)
def test_an_operator_is_told_that_the_sandbox_hides_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    assert ids(checks.the_sandbox_is_wanted()) == ["conway.W003"]
    assert ids(checks.something_can_answer()) == []
    with pytest.raises(CommandError):
        call_command("check", deploy=True, fail_level="WARNING")


def test_an_operator_is_told_that_the_application_owns_its_tables(settings: Settings) -> None:
    assert ids(checks.the_application_owns_no_table()) == []
    settings.APPLICATION_ROLE = settings.OWNER_DATABASE["USER"]
    assert ids(checks.the_application_owns_no_table()) == ["conway.W004"]
