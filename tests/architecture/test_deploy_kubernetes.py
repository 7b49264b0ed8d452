"""Manifests of Kubernetes: valid by its schemas, and what the docs promise of them."""

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import pytest

import publication
from service.commands.serve import EXIT_SECONDS, SHUTDOWN_SECONDS
from tests.architecture.commands import check_job, check_service, failures
from tests.architecture.manifests import (
    FOLDER,
    KUSTOMIZATION,
    Manifest,
    Pod,
    at,
    files,
    items,
    manifests,
    mapping,
    of_kind,
    pods,
    read,
    secrets,
    selects,
    text,
)
from tests.architecture.repository import ROOT
from tests.architecture.test_deploy_crontab import lines as crontab
from tests.architecture.test_dockerfile import STAGES, arguments, command
from tests.docs.pages import blocks
from training.errors import OutOfReachError

VERSIONS = ("1.31", "1.37")
"""The oldest Kubernetes with all that is used (podFailurePolicy is stable in it), and the newest with a schema here."""
DEPLOY = (ROOT / "docs" / "how-to" / "deploy.md").read_text(encoding="utf-8")
SERVICE = "headroom-service"
RUN_IN_IMAGE = r"python -m training ([^&|]+)"
FIRST_MORNING_SECONDS = 2 * 60 * 60


def each_pod() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("pod", pods(), ids=[pod.owner for pod in pods()])


def service_pod() -> Pod:
    (pod,) = [pod for pod in pods() if pod.image.startswith(SERVICE)]
    return pod


def cron_jobs() -> list[Pod]:
    return [pod for pod in pods() if pod != service_pod()]


def validate(manifest: Manifest, version: str) -> None:
    """Validate by the schema of a version, with no field that it does not know."""
    assert kubernetes_validate.validate(manifest.content, version, strict=True) == version


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", manifests(), ids=lambda manifest: f"{manifest.kind}-{manifest.name}")
def test_a_manifest_is_valid(manifest: Manifest, version: str) -> None:
    validate(manifest, version)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("concurrencyPolicy: Forbid", "concurrencyPolice: Forbid"),
        ("readOnlyRootFilesystem: true", "readOnlyRootFileSystem: true"),
        ("backoffLimit: 2", "backoffLimit: two"),
    ],
)
def test_a_mistake_is_found(right: str, wrong: str) -> None:
    daily = (FOLDER / "cronjobs.yaml").read_text(encoding="utf-8")
    assert right in daily
    with pytest.raises(kubernetes_validate.ValidationError):
        validate(read(daily.replace(right, wrong))[0], VERSIONS[0])


def test_every_file_is_applied() -> None:
    (kustomization,) = read(KUSTOMIZATION.read_text(encoding="utf-8"))
    assert sorted(map(text, items(kustomization.at("resources")))) == [path.name for path in files()]
    assert kustomization.at("namespace") in of_kind("Namespace")


def test_what_the_docs_promise_is_there() -> None:
    assert f"Kubernetes {VERSIONS[0]} or newer" in DEPLOY
    kinds = {(manifest.kind, manifest.name) for manifest in manifests()}
    assert kinds >= {("Deployment", "headroom"), ("Service", "headroom"), ("PodDisruptionBudget", "headroom")}
    assert set(of_kind("CronJob")) == {f"headroom-{job}" for job in ("daily", "train", "backup", "migrate")}


@each_pod()
def test_a_container_has_no_privileges(pod: Pod) -> None:
    (user,) = re.findall(r"--uid (\d+)", STAGES["base"])
    (group,) = re.findall(r"--gid (\d+)", STAGES["base"])
    assert arguments("USER", STAGES["service"]) == [f"{user}:{group}"]
    assert pod.at("securityContext", "runAsNonRoot") is True
    assert pod.at("securityContext", "runAsUser") == int(user)
    assert pod.at("securityContext", "runAsGroup") == int(group)
    assert pod.at("securityContext", "seccompProfile") == {"type": "RuntimeDefault"}
    assert pod.of_container("securityContext") == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod.at("automountServiceAccountToken") is False
    assert len(items(pod.at("containers"))) == 1


def test_the_cluster_rejects_a_pod_with_privileges() -> None:
    labels = of_kind("Namespace")["headroom"].at("metadata", "labels")
    assert labels == {"pod-security.kubernetes.io/enforce": "restricted"}


@each_pod()
def test_a_container_has_requests_and_limits(pod: Pod) -> None:
    for kind in ("requests", "limits"):
        assert mapping(pod.of_container("resources", kind)).keys() == {"cpu", "memory"}


@each_pod()
def test_an_image_is_one_that_the_dockerfile_makes_in_the_version_of_this_release(pod: Pod) -> None:
    name, _, tag = pod.image.partition(":")
    assert name.removeprefix("headroom-") in STAGES
    assert tag == publication.__version__
    assert f"--target {name.removeprefix('headroom-')} -t registry.example/{pod.image} ." in DEPLOY


@each_pod()
def test_a_folder_that_is_written_to_is_a_volume(pod: Pod) -> None:
    volumes = {text(at(volume, "name")) for volume in items(pod.at("volumes"))}
    mounts = {
        text(at(mount, "mountPath")): text(at(mount, "name")) for mount in items(pod.of_container("volumeMounts"))
    }
    assert set(mounts.values()) == volumes
    (home,) = re.findall(r"HEADROOM_HOME=(\S+)", STAGES["base"])
    assert mounts.keys() >= ({home, "/tmp", "/system"} if pod in cron_jobs() else set())


def test_every_volume_that_is_claimed_exists() -> None:
    claims = {text(manifest.name) for manifest in of_kind("PersistentVolumeClaim").values()}
    volumes = [volume for pod in pods() for volume in items(pod.at("volumes"))]
    named = {at(volume, "persistentVolumeClaim", "claimName") for volume in volumes}
    assert named - {None} == claims


def test_probes_ask_for_routes_that_the_service_has_at_its_port() -> None:
    routes = json.loads((ROOT / "tests" / "golden" / "service" / "openapi.json").read_text())["paths"]
    pod = service_pod()
    paths = {
        probe: pod.of_container(f"{probe}Probe", "httpGet", "path") for probe in ("startup", "liveness", "readiness")
    }
    # Liveness never waits for a publication: a restart without a store would lose the one in memory.
    assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    assert set(paths.values()) <= set(routes)
    assert {pod.of_container(f"{probe}Probe", "httpGet", "port") for probe in paths} == {"http"}


def test_ports_are_that_of_the_image() -> None:
    (exposed,) = map(int, arguments("EXPOSE", STAGES["service"]))
    words = command("CMD", "service")
    check_service(words)
    assert words[words.index("--port") + 1] == str(exposed)
    assert service_pod().of_container("args") is None  # the image's own
    assert service_pod().of_container("ports") == [{"name": "http", "containerPort": exposed}]
    assert of_kind("Service")["headroom"].at("spec", "ports") == [
        {"name": "http", "port": exposed, "targetPort": "http"}
    ]
    assert of_kind("NetworkPolicy")["headroom-service"].at("spec", "ingress", 0, "ports") == [
        {"protocol": "TCP", "port": "http"}
    ]


def test_a_pod_that_ends_answers_its_open_requests() -> None:
    pause = items(service_pod().of_container("lifecycle", "preStop", "exec", "command"))
    grace = service_pod().at("terminationGracePeriodSeconds")
    assert pause[0] == "sleep"
    assert isinstance(grace, int)
    assert grace > float(text(pause[1])) + SHUTDOWN_SECONDS + EXIT_SECONDS


def test_a_pod_that_serves_goes_only_for_one_that_is_ready() -> None:
    deployment = of_kind("Deployment")["headroom"]
    assert deployment.at("spec", "replicas") == 2
    assert deployment.at("spec", "strategy", "rollingUpdate") == {"maxUnavailable": 0, "maxSurge": 1}
    assert of_kind("PodDisruptionBudget")["headroom"].at("spec", "minAvailable") == 1


@pytest.mark.parametrize("kind", ["Deployment", "PodDisruptionBudget"])
def test_a_selector_takes_the_pods_of_the_service_alone(kind: str) -> None:
    selector = mapping(of_kind(kind)["headroom"].at("spec", "selector"))
    assert [pod.owner for pod in pods() if selects(selector, pod.labels)] == ["headroom"]


def test_the_service_sends_requests_to_the_pods_of_the_service_alone() -> None:
    selector = mapping(of_kind("Service")["headroom"].at("spec", "selector"))
    assert [pod.owner for pod in pods() if selects({"matchLabels": selector}, pod.labels)] == ["headroom"]


DNS = {("UDP", 53), ("TCP", 53)}
POSTGRESQL, MLFLOW = ("TCP", 5432), ("TCP", 5000)


@each_pod()
def test_a_pod_reaches_what_it_needs_and_nothing_else(pod: Pod) -> None:
    """By the policies that select it: the first denies all, and each other one adds what it allows."""
    policies = [
        p for p in of_kind("NetworkPolicy").values() if selects(mapping(p.at("spec", "podSelector")), pod.labels)
    ]
    assert len(policies) == 2
    assert all(policy.at("spec", "policyTypes") == ["Ingress", "Egress"] for policy in policies)
    rules = [rule for policy in policies for rule in items(policy.at("spec", "egress"))]
    reached = {(at(port, "protocol"), at(port, "port")) for rule in rules for port in items(at(rule, "ports"))}
    assert all(items(at(rule, "ports")) for rule in rules)
    assert reached == DNS | {POSTGRESQL} | ({MLFLOW} if pod in cron_jobs() else set())
    callers = [
        caller
        for policy in policies
        for rule in items(policy.at("spec", "ingress"))
        for caller in items(at(rule, "from"))
    ]
    assert len(callers) == (0 if pod in cron_jobs() else 2)
    assert all(mapping(at(caller, "namespaceSelector", "matchLabels")) for caller in callers)


def test_the_policy_of_everything_allows_nothing() -> None:
    spec = mapping(of_kind("NetworkPolicy")["default-deny"].at("spec"))
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize("pod", cron_jobs(), ids=lambda pod: pod.owner)
def test_a_job_runs_a_command_that_exists(pod: Pod) -> None:
    words = list(map(text, items(pod.of_container("args"))))
    if pod.of_container("command") is not None:
        assert pod.of_container("command") == ["sh", "-c"]
        found = re.search(RUN_IN_IMAGE, words[0].replace("\n", " "))
        assert found is not None
        words = shlex.split(found[1])
    assert pod.owner == f"headroom-{words[0]}"
    check_job(words)
    assert command("ENTRYPOINT", "training") == ["python", "-m", "training"]


@pytest.mark.parametrize(("weekday", "trains"), [("1", False), ("2", True), ("7", False)])
def test_a_training_is_on_a_tuesday_alone(weekday: str, trains: bool, tmp_path: Path) -> None:
    assert (
        ran("headroom-train", tmp_path, weekday)
        == ["-m training train --system /system/system.toml --promote-if-better"]
    ) is trains


def test_old_backups_are_deleted_after_a_new_one(tmp_path: Path) -> None:
    printed = ran("headroom-backup", tmp_path)
    assert printed == [
        "-m training backup --system /system/system.toml --out /backup",
        "/backup -mindepth 1 -maxdepth 1 -name *Z* -mtime +30 -exec rm -r {} +",
    ]


def ran(job: str, folder: Path, weekday: str = "2") -> list[str]:
    """Run the script of a job, with programs that print their arguments. Return what they print."""
    (pod,) = [pod for pod in pods() if pod.owner == job]
    for program, script in {"python": 'echo "$@"', "find": 'echo "$@"', "date": f"echo {weekday}"}.items():
        (folder / program).write_text(f"#!/bin/sh\n{script}\n")
        (folder / program).chmod(0o755)
    words = [*items(pod.of_container("command")), *items(pod.of_container("args"))]
    ended = subprocess.run(
        list(map(text, words)), env={"PATH": f"{folder}:/bin"}, capture_output=True, text=True, check=True, timeout=60
    )
    return ended.stdout.splitlines()


def test_jobs_run_when_those_of_cron_do() -> None:
    schedules = {name: manifest.at("spec", "schedule") for name, manifest in of_kind("CronJob").items()}
    assert schedules == {
        **{f"headroom-{job}": line.schedule for job, line in crontab().items()},
        "headroom-migrate": "0 0 1 1 *",
    }
    suspended = [name for name, manifest in of_kind("CronJob").items() if manifest.at("spec", "suspend")]
    assert suspended == ["headroom-migrate"]


@pytest.mark.parametrize("manifest", of_kind("CronJob").values(), ids=lambda manifest: manifest.name)
def test_a_job_is_one_at_a_time_ends_and_is_tried_again_where_that_may_help(manifest: Manifest) -> None:
    assert manifest.at("spec", "concurrencyPolicy") == "Forbid"
    job = mapping(manifest.at("spec", "jobTemplate", "spec"))
    assert isinstance(job["activeDeadlineSeconds"], int)
    assert job["activeDeadlineSeconds"] >= FIRST_MORNING_SECONDS  # a first morning trains for an hour
    given_up = {
        at(rule, "action"): at(rule, "onExitCodes", "values") for rule in items(at(job, "podFailurePolicy", "rules"))
    }
    # 1 is unexpected, perhaps a lack of memory: one more try.
    assert given_up["FailJob"] == sorted(failures() - {1, OutOfReachError.exit_code})
    assert at(job, "template", "spec", "restartPolicy") == "Never"  # without it, podFailurePolicy is rejected


def test_the_backups_stay_closed_to_the_group() -> None:
    """Otherwise each start opens them: fsGroup changes the modes of the volume, and hashes of keys are in a backup."""
    assert {pod.at("securityContext", "fsGroupChangePolicy") for pod in cron_jobs()} == {"OnRootMismatch"}


def test_every_secret_is_described_in_the_docs() -> None:
    used = {secret for manifest in manifests() for secret in secrets(manifest.content)}
    assert {name for name, _ in used} == {"headroom-reader", "headroom-store", "headroom-mlflow"}
    made = re.findall(r"create secret generic (\S+) --from-env-file=", DEPLOY)
    assert "as one line `url=" in DEPLOY
    assert used == {(name, "url") for name in made}
    assert [name for name in made if f"\n| `{name}` |" not in DEPLOY] == []


@each_pod()
def test_no_address_stands_in_a_manifest(pod: Pod) -> None:
    assert [
        at(variable, "name") for variable in items(pod.of_container("env")) if at(variable, "value") is not None
    ] == []
    assert "envFrom" not in mapping(pod.of_container())
    assert "://" not in json.dumps(pod.spec)


def test_the_config_map_is_described_in_the_docs() -> None:
    names = {at(volume, "configMap", "name") for pod in pods() for volume in items(pod.at("volumes"))} - {None}
    assert names == {"headroom-system"}
    assert "name: headroom-system" in DEPLOY


def test_the_overlay_of_the_docs_is_valid(tmp_path: Path) -> None:
    """It is built as kubectl builds it: everything of ours is in it, from the registry, with the ConfigMap."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl is absent")
    (overlay,) = [block for block in blocks(DEPLOY) if block.said == "overlay/kustomization.yaml"]
    folder = tmp_path / "overlay"
    folder.mkdir()
    for name in ("system.toml", "places.csv"):
        (folder / name).write_text("")
    (folder / "kustomization.yaml").write_text(overlay.text)
    shutil.copytree(FOLDER, tmp_path / "headroom" / "deploy" / "kubernetes")
    built = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False, timeout=60)
    assert built.returncode == 0, built.stderr
    made = read(built.stdout)
    for manifest in made:
        validate(manifest, VERSIONS[-1])
    assert {(one.kind, one.name) for one in made} >= {(one.kind, one.name) for one in manifests()}
    images = set(re.findall(r"image: (\S+)", built.stdout))
    assert images == {f"registry.example/{pod.image}" for pod in pods()}
    namespaces = {one.at("metadata", "namespace") for one in made if one.kind != "Namespace"}
    assert namespaces == {"headroom"}
    assert sorted(mapping(of(made, "ConfigMap").at("data"))) == ["places.csv", "system.toml"]


def of(made: list[Manifest], kind: str) -> Manifest:
    (found,) = [manifest for manifest in made if manifest.kind == kind]
    return found


def test_prometheus_scrapes_the_replicas_by_the_job_that_alerts_ask_for() -> None:
    """Read here and not by promtool: Debian builds it without Kubernetes."""
    (block,) = [block for block in blocks(DEPLOY) if "kubernetes_sd_configs" in block.text]
    (config,) = read(block.text)
    regexes = {
        text(at(rule, "source_labels", 0)): at(rule, "regex")
        for rule in items(config.at("scrape_configs", 0, "relabel_configs"))
    }
    labels = {
        f"__meta_kubernetes_pod_label_{re.sub('[^a-z]', '_', name)}": label
        for name, label in service_pod().labels.items()
    }
    assert regexes == labels
    assert config.at("scrape_configs", 0, "kubernetes_sd_configs", 0, "namespaces", "names") == ["headroom"]
    job = text(config.at("scrape_configs", 0, "job_name"))
    assert f'up{{job="{job}"}}' in (ROOT / "deploy" / "alerts.yml").read_text(encoding="utf-8")
