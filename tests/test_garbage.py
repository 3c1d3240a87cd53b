import gc
import weakref


class Circle:
    def __init__(self) -> None:
        self.itself = self


def test_what_is_collected_stays_and_what_a_test_makes_goes() -> None:
    assert gc.isenabled() and gc.get_freeze_count() > 100_000
    made = weakref.ref(Circle())
    gc.collect()
    assert made() is None
