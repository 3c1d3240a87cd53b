"""How the environment is read, and what is said of it when it cannot be."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from conway import environment, settings_documents
from conway.variables import SECTIONS, Variables


def faults(**given: str) -> list[str]:
    with pytest.raises(ImproperlyConfigured) as refused:
        environment.read(given)
    return str(refused.value).splitlines()


def test_nothing_set_is_all_defaults() -> None:
    assert environment.read({}) == environment.read({"PORT": " ", "CONWAY_CORS_ORIGINS": ""}) == Variables()


def test_lists_have_blanks_or_commas_between_their_items() -> None:
    assert environment.read({"ALLOWED_HOSTS": "a.example, b.example c.example"}).ALLOWED_HOSTS == (
        "a.example",
        "b.example",
        "c.example",
    )


def test_a_misspelled_name_is_an_error_with_the_nearest_known_one() -> None:
    assert faults(CONWAY_DRAIN_SECOND="5") == ["CONWAY_DRAIN_SECOND is no setting. Did you mean CONWAY_DRAIN_SECONDS?"]
    assert faults(CONWAY_ZZZ="5") == ["CONWAY_ZZZ is no setting. docs/settings.md has them all."]


def test_names_of_others_and_of_callers_are_left_alone() -> None:
    environment.read({"PATH": "/bin", "CONWAY_API_KEY": "ck", "CONWAY_SANDBOX_URL": "http://127.0.0.1:5"})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"PORT": "eighty"}, "PORT must be a whole number, not 'eighty'."),
        ({"PORT": "-1"}, "PORT must be at least 0, not '-1'."),
        ({"DEBUG": "perhaps"}, "DEBUG must be 1 or 0, not 'perhaps'."),
        ({"CONWAY_STOP_SECONDS": "0"}, "CONWAY_STOP_SECONDS must be more than 0, not '0'."),
        (
            {"LOG_LEVEL": "loud"},
            "LOG_LEVEL must be 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL', not 'loud'.",
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_with_what_it_must_be(given: dict[str, str], said: str) -> None:
    assert faults(**given) == [said]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert len(faults(PORT="x", DEBUG="perhaps", CONWAY_NOTHING="z", SECRET_KEY_FILE="/nowhere")) == 4


@pytest.mark.parametrize("name", sorted(environment.SECRETS))
def test_every_secret_may_be_in_a_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("one\n")
    read: Any = getattr(environment.read({name + "_FILE": str(tmp_path / "secret")}), name)
    assert read in ("one", ("one",))


def test_a_secret_is_said_once() -> None:
    assert faults(SECRET_KEY="a", SECRET_KEY_FILE="/a") == [
        "SECRET_KEY and SECRET_KEY_FILE are both set: one of them is enough."
    ]


def test_a_secret_whose_file_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    said = faults(OPENAI_API_KEY_FILE=str(tmp_path / "gone"))
    assert said == [f"OPENAI_API_KEY_FILE: {tmp_path / 'gone'} cannot be read: No such file or directory."]


def test_what_is_no_secret_is_read_from_no_file() -> None:
    assert faults(CONWAY_URL_FILE="/etc/passwd")[0].startswith("CONWAY_URL_FILE is no setting.")


def test_every_variable_is_in_a_section() -> None:
    in_sections = [name for section in SECTIONS for name in section.model_fields]
    assert sorted(in_sections) == sorted(Variables.model_fields)


@pytest.mark.parametrize("path", list(settings_documents.DOCUMENTS), ids=lambda path: path.name)
def test_the_documents_are_what_the_variables_say(path: Path) -> None:
    """`manage.py document_settings` makes them anew."""
    assert path.read_text() == settings_documents.DOCUMENTS[path]()


def test_the_example_can_be_read_as_it_stands_with_every_line_in_force(tmp_path: Path) -> None:
    lines = settings_documents.env_example().splitlines()
    pairs = [line[1:].split("=", 1) for line in lines if line.startswith("#") and not line.startswith("# ")]
    environment.read({name: value.strip('"') for name, value in pairs})
