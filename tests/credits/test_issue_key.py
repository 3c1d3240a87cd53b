import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiKey, User
from credits.models import CreditTransaction
from tests.credits.ledger_driver import books_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_prints_the_key_alone(capsys):
    call_command("issue_key", "new@example.org", "--credits", "500")
    secret = capsys.readouterr().out.removesuffix("\n")
    assert secret.startswith("cnwy_k_") and len(secret) == 39
    user = User.objects.get(email="new@example.org")
    assert ApiKey.objects.get(user=user).prefix == secret[:12]
    assert not user.has_usable_password()
    assert books_of(user) == (500, 0)


def test_it_serves_a_user_who_is_there_and_adds_up(alice, capsys):
    for _ in range(2):
        call_command("issue_key", "ALICE@example.org", "--credits", "50")
    assert books_of(alice) == (1100, 0)
    assert len(set(capsys.readouterr().out.split())) == 2
    assert alice.check_password("alice's password")


def test_it_tops_up_nothing_unless_asked(bob, capsys):
    call_command("issue_key", "bob@example.org")
    assert not CreditTransaction.objects.exists()


@pytest.mark.parametrize(
    "arguments",
    [["no-address"], ["a@example.org", "--credits", "-5"], ["a@example.org", "--credits", str(10**30)], [""]],
)
def test_it_refuses_and_leaves_nothing_behind(transactional_db, arguments):
    with pytest.raises(CommandError):
        call_command("issue_key", *arguments)
    assert not User.objects.exists()


def test_it_gives_no_key_to_somebody_who_was_shut_out(alice):
    User.objects.update(is_active=False)
    with pytest.raises(CommandError, match="not active"):
        call_command("issue_key", "alice@example.org", "--credits", "5")
    assert books_of(alice) == (1000, 0)
