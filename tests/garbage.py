"""The garbage collector does not look through what stays for the whole run: modules, and thousands of collected tests.

While they are made nothing of them is garbage, and from then on each full collection would walk through all of it: a
tenth of the processor's time in a run. What a test makes is collected as ever.
"""

import gc


def keep_all() -> None:
    gc.disable()


def keep_what_is_here() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()
