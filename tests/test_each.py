import pytest

from tests.each import of_each


@of_each("number", range(100))
def test_it_holds_of_each(number: int) -> None:
    assert number < 100


@of_each("number", range(100), ids=lambda number: f"case {number}")
def is_small(number: int, most: int) -> None:
    assert number < most


def test_every_case_that_fails_is_named() -> None:
    with pytest.raises(AssertionError, match="2 of 100 cases") as said:
        is_small(most=98)
    assert "case 98: " in str(said.value) and "case 99: " in str(said.value) and "case 97" not in str(said.value)


def test_what_should_have_been_raised_is_a_failure() -> None:
    @of_each("number", [1])
    def raises(number: int) -> None:
        with pytest.raises(ValueError):
            pass

    with pytest.raises(AssertionError, match="1 of 1 cases"):
        raises()
