"""The dashboard and the alerts ask for what a server really tells Prometheus."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.deployment.platforms import DEPLOY
from tests.process.program import serve
from tests.servers.ports import free_port
from tests.service import bearer

# What Prometheus itself knows of each target.
OWN_METRICS = {"up": {"job", "instance"}}
TARGET_LABELS = {"job", "instance"}


def dashboard() -> Any:
    return json.loads((DEPLOY / "grafana/donebook.json").read_text())


def queries() -> Iterator[tuple[str, str]]:
    """Every expression of the dashboard and of the alerts, with where it stands."""
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], re.sub(r"\$__(rate_interval|range)", "5m", target["expr"])
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def selectors(expression: str) -> list[Any]:
    """The selections of series in an expression; raises ``ValueError`` if it is not PromQL."""
    found = []

    def look(node: Any) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            found.append(node)
        elif isinstance(node, promql_parser.MatrixSelector):
            found.append(node.vector_selector)

    promql_parser.walk(promql_parser.parse(expression), look)
    return found


def grouping_labels(expression: str) -> set[str]:
    found: set[str] = set()

    def look(node: Any) -> None:
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            found.update(node.modifier.labels)

    promql_parser.walk(promql_parser.parse(expression), look)
    return found


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The labels of each metric of a server that has had a little of everything to do."""
    port = free_port()
    with serve(tmp_path_factory.mktemp("server"), METRICS_PORT=port) as program:
        with httpx.Client(base_url=program.url) as client:
            client.post("/api/v1/tasks", json={"title": "Task"}, headers=bearer("ada")).raise_for_status()
            client.get("/api/v1/tasks", headers={"Authorization": "Bearer forged"})
            client.get("/health/ready").raise_for_status()
        text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    labels: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels.setdefault(sample.name, set()).update(sample.labels, TARGET_LABELS)
    return labels


@pytest.mark.parametrize(("where", "expression"), [*queries()])
def test_a_query_is_of_metrics_and_labels_that_there_are(
    where: str, expression: str, exposed: dict[str, set[str]]
) -> None:
    known = exposed | OWN_METRICS
    selections = selectors(expression)
    assert selections, where
    assert [] == [each.name for each in selections if each.name not in known]
    for each in selections:
        matched = {matcher.name for matcher in each.matchers.matchers}
        assert set() == matched - known[each.name]
    labels = {label for each in selections for label in known[each.name]}
    assert set() == grouping_labels(expression) - labels


def test_every_metric_of_ours_is_on_the_dashboard(exposed: dict[str, set[str]]) -> None:
    asked = {each.name for _, expression in queries() for each in selectors(expression)}
    ours = {name for name in exposed if name.startswith("donebook_")}

    # When a family began is told beside it.
    assert set() == {name for name in ours if not name.endswith("_created")} - asked


def test_a_mistake_in_a_query_would_be_seen() -> None:
    with pytest.raises(ValueError, match="unclosed left parenthesis"):
        selectors("sum(rate(donebook_requests_total[5m])")


def test_grafana_finds_what_the_dashboard_refers_to() -> None:
    board = dashboard()
    numbers = [panel["id"] for panel in board["panels"]]
    variables = {each["name"] for each in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]\w*)\}?", json.dumps(board)))

    assert len(numbers) == len(set(numbers))
    assert used == variables
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in board["panels"])


def test_an_alert_says_where_to_look_and_the_runbook_has_it() -> None:
    runbook = (Path(DEPLOY).parent / "docs/operations.md").read_text()
    (group,) = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]

    for rule in group["rules"]:
        assert {"alert", "expr", "for", "labels", "annotations"} == rule.keys()
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["alert"] in runbook


def test_prometheus_asks_the_replicas_at_their_metrics_port() -> None:
    (job,) = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    services = yaml.safe_load((DEPLOY.parent / "compose.yaml").read_text())["services"]
    ports = {name: services[name]["environment"]["METRICS_PORT"] for name in ("replica-a", "replica-b")}

    assert [f"{name}:{port}" for name, port in ports.items()] == job["static_configs"][0]["targets"]
    assert "donebook" == job["job_name"]
