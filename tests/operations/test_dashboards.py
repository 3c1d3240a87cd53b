"""Rules and dashboards ask for metrics that there are, by labels that they have."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

from conway import monitoring

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "conway-alerts.yml"
DASHBOARD = DEPLOY / "grafana" / "conway.json"
LOOKED_UP = re.findall(r'"(conway_\w+)": \(', Path(monitoring.__file__).read_text())

# Of PromQL: everything that is no metric and no label.
WORDS = frozenset(
    [
        "sum",
        "min",
        "max",
        "by",
        "rate",
        "increase",
        "histogram_quantile",
        "or",
        "up",
        "le",
        "job",
        "instance",
        "__rate_interval",
        "m",
        "h",
        "s",
    ]
)

FOR_A_CLOSER_LOOK = {
    "conway_completion_alerts",
    "conway_given_back_cents",
    "conway_pool_waits",
    "conway_spool_oldest_seconds",
}


def metrics_there_are() -> dict[str, frozenset[str]]:
    """By the name of a sample, its labels. From the code, not from what happens to have been counted."""
    found = {name: frozenset[str]() for name in LOOKED_UP}
    for collector in {*REGISTRY._collector_to_names}:
        labels = frozenset(getattr(collector, "_labelnames", ()))
        for name in REGISTRY._collector_to_names[collector]:
            found[name] = labels
    return {name: labels for name, labels in found.items() if name.startswith("conway_")}


def expressions() -> Iterator[tuple[str, str]]:
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_an_expression_asks_for_what_there_is(where: str, expression: str) -> None:
    there_are = metrics_there_are()
    bare = re.sub(r'"[^"]*"', "", expression)
    names = re.findall(r"[a-z_]\w*", bare)
    asked = [name for name in names if name.startswith("conway_")]
    assert asked or "up{" in expression, f"{where} asks for nothing of ours"
    assert [name for name in asked if name not in there_are] == []
    labels = {"instance", "job"}.union(*(there_are[name] for name in asked))
    others = {name for name in names if name not in asked and name not in WORDS}
    assert others <= labels, f"{where}: {others - labels}"


def test_every_metric_is_on_the_dashboard_or_in_a_rule() -> None:
    asked = " ".join(expression for _, expression in expressions())
    families = {re.sub(r"_(total|bucket|count|sum|created)$", "", name) for name in metrics_there_are()}
    assert {name for name in families if name not in asked} == FOR_A_CLOSER_LOOK


def test_panels_do_not_lie_over_each_other() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len({panel["id"] for panel in panels}) == len(panels)


def test_every_rule_says_how_urgent_it_is_and_what_it_means() -> None:
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    assert {rule["labels"]["severity"] for rule in rules} == {"page", "ticket"}
    assert all(rule["annotations"]["summary"].endswith(".") for rule in rules)


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed (Debian's package prometheus)")
@pytest.mark.parametrize(
    "check", [("rules", str(RULES)), ("config", "--syntax-only", str(RULES.with_name("prometheus.yml")))]
)
def test_promtool_takes_them(check: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", "check", *check], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
