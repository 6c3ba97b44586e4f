"""nginx and Caddy in front of the service, configured as the README says."""

import re
import shutil
import ssl
import subprocess
import threading

import httpx2 as httpx
import pytest

from app.dev.project import ROOT
from tests.client import Client, make_token
from tests.processes import Service, environment, free_port, wait_until
from tests.service.clients.test_events import Stream

PROGRAMS = {"nginx": "/usr/sbin/nginx", "caddy": "/usr/bin/caddy"}


def block(language, root_path):
    """A block of the README: for a host of its own, or for a path below one."""
    readme = (ROOT / "app" / "server" / "README.md").read_text()
    found = re.findall(rf"```{language}\n(.*?)```", readme, re.DOTALL)
    return found[1 if root_path else 0]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=tasks.example",
    ]
    name = ["-addext", "subjectAltName=DNS:tasks.example", "-keyout", folder / "duly.key"]
    subprocess.run([*command, *name, "-out", folder / "duly.crt"], check=True, capture_output=True)
    return folder


class Proxy:
    """nginx or Caddy with a configuration, on a port of loopback; with a certificate it ends TLS."""

    def __init__(self, kind, folder, port, text, certificate=None):
        self.address = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        if kind == "nginx":
            main = f"daemon off; user root; pid {folder}/pid; error_log {folder}/errors; events {{}}\n"
            places = f"client_body_temp_path {folder}/body; proxy_temp_path {folder}/temp;"
            text = f"{main}http {{ access_log {folder}/access; {places}\n{text}}}"
            arguments = ["-p", folder, "-e", folder / "errors", "-c", folder / "conf"]
        else:
            text = f"{{\n    admin off\n    auto_https disable_redirects\n}}\n{text}"
            arguments = ["run", "--adapter", "caddyfile", "--config", folder / "conf"]
        (folder / "conf").write_text(text)
        self._command = [PROGRAMS[kind], *arguments]
        self._folder = folder
        self._context = certificate and ssl.create_default_context(cafile=certificate / "duly.crt")

    def __enter__(self):
        known = environment(HOME=self._folder, XDG_DATA_HOME=self._folder)
        with (self._folder / "out").open("w") as out:
            self.process = subprocess.Popen(self._command, env=known, stdout=out, stderr=out)
        try:
            wait_until(self._answers, 20)
        except BaseException:
            self.__exit__()
            print((self._folder / "out").read_text())
            raise
        return self

    def __exit__(self, *exception):
        self.process.terminate()
        self.process.wait(20)

    def _answers(self):
        assert self.process.poll() is None, (self._folder / "out").read_text()
        try:
            with self.client() as http:
                http.get("/")
            return True
        except httpx.TransportError:
            return False

    def client(self):
        """HTTP through it; with TLS to tasks.example, whose name no one else knows."""
        if self._context is None:
            return httpx.Client(base_url=self.address, timeout=20)
        return httpx.Client(
            base_url=self.address, verify=self._context, timeout=20,
            headers={"Host": "tasks.example"}, transport=_Named(self._context),
        )  # fmt: skip


def as_the_readme_says(kind, folder, certificate, service, root_path):
    """A proxy with the block of the README for tasks.example."""
    port = free_port()
    text = block(kind, root_path)
    assert "127.0.0.1:8000" in text
    text = text.replace("127.0.0.1:8000", f"127.0.0.1:{service.port}")
    text = text.replace("/etc/ssl/duly", f"{certificate}/duly")
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{port} ")
    site = f"tasks.example:{port} {{\n    tls {certificate}/duly.crt {certificate}/duly.key"
    text = text.replace("tasks.example {", site)
    return Proxy(kind, folder, port, text, certificate)


class _Named(httpx.HTTPTransport):
    """Says tasks.example in the TLS handshake."""

    def __init__(self, context):
        super().__init__(verify=context)

    def handle_request(self, request):
        request.extensions = {**request.extensions, "sni_hostname": "tasks.example"}
        return super().handle_request(request)


@pytest.fixture(scope="module", params=PROGRAMS)
def kind(request):
    if shutil.which(PROGRAMS[request.param]) is None:
        pytest.skip(f"{request.param} is not installed")
    return request.param


@pytest.fixture(scope="module", params=["", "/duly"], ids=["a host of its own", "below a path"])
def proxied(request, kind, tmp_path_factory, certificate, settings):
    root_path, folder = request.param, tmp_path_factory.mktemp("proxy")
    with (
        Service(settings.database_url, settings.jwt_secret, ROOT_PATH=root_path, METRICS="true") as service,
        as_the_readme_says(kind, folder, certificate, service, root_path) as proxy,
        proxy.client() as http,
    ):
        yield http, root_path


def test_a_task_is_made_and_found_where_location_says(proxied, alice):
    http, root = proxied
    client = Client(http, make_token(alice))
    made = client.post(f"{root}/tasks", {"title": "x" * 200, "description": "y" * 2000})
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"{root}/tasks/{made.json()['id']}"
    assert client.get(made.headers["location"]).json() == made.json()
    for title in "abc":
        client.post(f"{root}/tasks", {"title": title})
    page = client.get(f"{root}/tasks?limit=2")
    following = re.search(r'<([^>]+)>; rel="next"', page.headers["link"])[1]
    assert len(client.get(following).json()["items"]) == 2


def test_the_docs_load_and_the_metrics_stay_inside(proxied):
    http, root = proxied
    page = http.get(f"{root}/docs").text
    for url in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert http.get(url).status_code == 200, url
    assert http.get(f"{root}/openapi.json").json()["servers"][0]["url"] == (root or "/")
    assert http.get(f"{root}/metrics").status_code == 404


def test_an_event_arrives_while_the_stream_is_open(proxied, alice):
    """No proxy may keep it back until the end."""
    http, root = proxied
    client = Client(http, make_token(alice))
    headers = {"Authorization": f"Bearer {make_token(alice)}", "Accept": "text/event-stream"}
    with http.stream("GET", f"{root}/events", headers=headers) as stream:
        lines = stream.iter_lines()
        assert any(line.startswith("event: changed") for line in lines)
        threading.Thread(target=client.post, args=[f"{root}/tasks", {"title": "x"}], daemon=True).start()
        assert any(line.startswith("event: changed") for line in lines)


def test_a_stream_lives_on_behind_nginx_with_its_defaults(settings, alice, tmp_path):
    """It keeps answers back, speaks HTTP/1.0 to the service and ends what is silent for 60 seconds."""
    if shutil.which(PROGRAMS["nginx"]) is None:
        pytest.skip("nginx is not installed")
    port = free_port()
    with Service(settings.database_url) as service:
        site = f"listen 127.0.0.1:{port}; location / {{ proxy_pass {service.address}; }}"
        with Proxy("nginx", tmp_path, port, f"server {{ {site} }}") as proxy, proxy.client() as http:
            client = Client(http, make_token(alice))
            stream = Stream(proxy.address, make_token(alice))
            stream.wait_for(1)
            # Longer than its patience, with nothing but signs of life.
            assert not stream.ended.wait(70)
            client.post("/tasks", {"title": "x"})
            assert stream.wait_for(2)[-1]["id"] == client.get("/changes").json()["next"]
            stream.close()
