"""The manifest for Kubernetes, by the schemas of Kubernetes, and against what the service does."""

import dataclasses
import ipaddress
import re

import kubernetes_validate
import pytest
import yaml

from app import __version__
from app.dev.project import ROOT
from app.settings import Settings, variable_of

TEXT = (ROOT / "app" / "server" / "kubernetes.yaml").read_text()
PARTS = {(part["kind"], part["metadata"]["name"]): part for part in yaml.safe_load_all(TEXT)}
# The oldest and the newest that the validator knows and that is still cared for.
RELEASES = ("1.31", kubernetes_validate.latest_version())
WORKLOADS = {"Deployment", "Job"}
VARIABLES = {variable_of(field) for field in dataclasses.fields(Settings)}
NOT_OF_THE_SERVICE = {"DATABASE_OWNER_URL", "TASK_API_PASSWORD", "TASK_WORKER_PASSWORD"}


def pods():
    """Each pod's specification, with its labels, by the name of its container."""
    found = {}
    for (kind, _), part in PARTS.items():
        if kind in WORKLOADS:
            template = part["spec"]["template"]
            [container] = template["spec"]["containers"]
            found[container["name"]] = template["spec"], container, template["metadata"]["labels"]
    return found


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("part", PARTS, ids="/".join)
def test_each_part_follows_the_schemas_of_kubernetes(part, release):
    kubernetes_validate.validate(PARTS[part], release, strict=True)


def test_a_misspelt_field_would_be_found():
    broken = yaml.safe_load(yaml.safe_dump(PARTS["Deployment", "duly"]))
    container = broken["spec"]["template"]["spec"]["containers"][0]
    container["readynessProbe"] = container.pop("readinessProbe")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, RELEASES[-1], strict=True)


def test_it_has_the_service_the_worker_the_migration_and_their_networks():
    kinds = [kind for kind, _ in PARTS]
    assert {"Deployment", "Job", "NetworkPolicy", "Service", "PodDisruptionBudget"} <= set(kinds)
    assert set(pods()) == {"serve", "worker", "migrate"}


@pytest.mark.parametrize("name", pods())
def test_a_pod_can_do_no_more_than_it_must(name):
    pod, container, _ = pods()[name]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("name", pods())
def test_a_pod_runs_this_release_and_gets_variables_that_exist(name):
    _, container, _ = pods()[name]
    assert container["args"] == [name]
    assert container["image"].endswith(f":{__version__}")
    known = NOT_OF_THE_SERVICE if name == "migrate" else VARIABLES
    assert {variable["name"] for variable in container["env"]} <= known
    assert set(PARTS["ConfigMap", "duly"]["data"]) <= VARIABLES


def test_the_secret_that_is_described_has_what_the_pods_want():
    wanted = {
        variable["valueFrom"]["secretKeyRef"]["key"]
        for _, container, _ in pods().values()
        for variable in container["env"]
        if "valueFrom" in variable
    }
    assert wanted == set(re.findall(r"--from-literal=(\w+)=", TEXT))


def test_the_probes_ask_what_there_is(http):
    _, container, _ = pods()["serve"]
    paths = {name: container[name]["httpGet"]["path"] for name in container if name.endswith("Probe")}
    assert paths == {
        "startupProbe": "/health",
        "livenessProbe": "/health",
        "readinessProbe": "/health/ready",
    }
    for path in paths.values():
        assert http.get(path).status_code == 200


def test_a_pod_has_the_time_that_its_requests_have():
    pod, container, _ = pods()["serve"]
    pause = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    shutdown = Settings(database_url="postgresql:///").shutdown_timeout
    assert pod["terminationGracePeriodSeconds"] > pause + shutdown


@pytest.mark.parametrize("policy", [part for part in PARTS if part[0] == "NetworkPolicy"], ids="/".join)
def test_a_policy_holds_pods_that_exist(policy):
    selector = PARTS[policy]["spec"]["podSelector"]
    wanted = {key: {value} for key, value in selector.get("matchLabels", {}).items()}
    wanted |= {each["key"]: set(each["values"]) for each in selector.get("matchExpressions", ())}
    held = [
        name
        for name, (_, _, labels) in pods().items()
        if all(labels.get(key) in values for key, values in wanted.items())
    ]
    assert held == (["worker"] if policy[1] == "duly-worker" else ["migrate", "serve"])


@pytest.mark.parametrize(
    "address", ["10.1.2.3", "169.254.169.254", "192.168.1.1", "172.20.0.1", "fd00::1", "fe80::1"]
)
def test_the_worker_reaches_no_private_address(address):
    rules = PARTS["NetworkPolicy", "duly-worker"]["spec"]["egress"]
    for block in [each["ipBlock"] for rule in rules for each in rule.get("to", ())]:
        admitted = ipaddress.ip_address(address) in ipaddress.ip_network(block["cidr"])
        excepted = [ipaddress.ip_address(address) in ipaddress.ip_network(net) for net in block["except"]]
        assert any(excepted) or not admitted
