import os
from pathlib import Path

# Before Django reads its settings: tests have state of their own and reach no provider.
os.environ.setdefault("CONWAY_DATA_DIR", str(Path(__file__).parent.parent / "var" / "tests"))
os.environ["DJANGO_SETTINGS_MODULE"] = "conway.settings"
for name in [name for name in os.environ if name.endswith(("_API_KEY", "_BASE_URL"))] + ["REDIS_URL", "CONWAY_SANDBOX", "DEBUG"]:
    os.environ.pop(name, None)
