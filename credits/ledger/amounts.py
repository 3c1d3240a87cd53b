"""What the ledger accepts at all. The database would refuse most of it too, but less kindly."""

import re
import unicodedata

CENTS_MAX = 10**12  # ten billion dollars: more is a slip of the finger, and far from where bigint ends
TEXT_MAX = 1000
PAYMENT_MAX = 100

MINUS = "\u2212"
BESIDE_MARKS = re.compile(r" ?([-/.,:;#_+]) ?")


class UnableToPost(ValueError):
    """Nothing was booked; the message is fit for the person who asked."""


class InvalidAmount(UnableToPost):
    pass


class InvalidText(UnableToPost):
    pass


def signed_cents(cents: object) -> int:
    if type(cents) is not int:  # neither True nor 1.0 is an amount
        raise InvalidAmount(f"An amount is a whole number of cents, not {cents!r}.")
    if not 0 < abs(cents) <= CENTS_MAX:
        raise InvalidAmount(f"An amount is between 1 and {CENTS_MAX} cents.")
    return cents


def positive_cents(cents: object) -> int:
    if signed_cents(cents) < 0:
        raise InvalidAmount("This amount must be above zero.")
    return signed_cents(cents)


def bound_cents(cents: object) -> int:
    """A bound of an admission: a whole number from zero up, cut to more than anybody owns."""
    if type(cents) is not int or cents < 0:
        raise InvalidAmount(f"A bound is a whole number of cents from zero up, not {cents!r}.")
    return min(cents, CENTS_MAX * 1000)


def plain_text(text: str, what: str) -> str:
    if not isinstance(text, str) or not (text := text.strip()):
        raise InvalidText(f"Please give {what}.")
    if len(text) > TEXT_MAX or not text.isprintable():
        raise InvalidText(f"This is too long for {what}, or not plain text.")
    return text


def dollars(cents: int) -> str:
    """Dollars for a message; these amounts are never below zero."""
    return f"${cents // 100:,}.{cents % 100:02}"


def payment_text(text: str) -> str:
    """An invoice or a transfer, by its number. What looks the same is the same payment: wide letters and other dashes
    become the plain ones, spaces beside a mark go, and letters of another alphabet are refused.
    """
    text = unicodedata.normalize("NFKC", plain_text(text, "a payment reference"))
    text = "".join("-" if unicodedata.category(letter) == "Pd" or letter == MINUS else letter for letter in text)
    text = BESIDE_MARKS.sub(r"\1", " ".join(text.split()))
    if strange := [letter for letter in text if not is_plain(letter)]:
        raise InvalidText(f"A payment reference has Latin letters, digits and plain marks, not {strange[0]!r}.")
    if len(text) > PAYMENT_MAX:
        raise InvalidText(f"A payment reference has at most {PAYMENT_MAX} letters.")
    return text


def is_plain(letter: str) -> bool:
    return (letter.isascii() and letter.isprintable()) or unicodedata.name(letter, "").startswith("LATIN ")
