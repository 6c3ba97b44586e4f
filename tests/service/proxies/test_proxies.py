"""nginx and Caddy in front of the service, configured as the README says."""

import re
import shutil
import ssl
import subprocess
import threading

import httpx2 as httpx
import pytest

from app.dev import commands
from tests.client import Client, make_token
from tests.processes import Service, environment, free_port, wait_until
from tests.service.clients.test_events import Stream

PROGRAMS = {"nginx": "/usr/sbin/nginx", "caddy": "/usr/bin/caddy"}


def block(language, root_path):
    """A block of the README: for a host of its own, or for a path below one."""
    readme = (commands.ROOT / "app" / "server" / "README.md").read_text()
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
    """A proxy that ends TLS for tasks.example, on a port of loopback."""

    def __init__(self, kind, folder, certificate, service, root_path=""):
        self.port = free_port()
        text = block(kind, root_path)
        assert "127.0.0.1:8000" in text
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{service.port}")
        text = text.replace("/etc/ssl/duly", f"{certificate}/duly")
        if kind == "nginx":
            text = text.replace("listen 443 ", f"listen 127.0.0.1:{self.port} ")
            main = f"daemon off; user root; pid {folder}/pid; error_log {folder}/errors; events {{}}\n"
            places = f"client_body_temp_path {folder}/body; proxy_temp_path {folder}/temp;"
            text = f"{main}http {{ access_log {folder}/access; {places}\n{text}}}"
            arguments = ["-p", folder, "-e", folder / "errors", "-c", folder / "conf"]
        else:
            site = f"tasks.example:{self.port} {{\n    tls {certificate}/duly.crt {certificate}/duly.key"
            text = text.replace("tasks.example {", site)
            text = f"{{\n    admin off\n    auto_https disable_redirects\n}}\n{text}"
            arguments = ["run", "--adapter", "caddyfile", "--config", folder / "conf"]
        (folder / "conf").write_text(text)
        self._command = [PROGRAMS[kind], *arguments]
        self._folder = folder
        self._context = ssl.create_default_context(cafile=certificate / "duly.crt")

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
        """HTTP to tasks.example, whose name no one else knows."""
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}", verify=self._context, timeout=20,
            headers={"Host": "tasks.example"}, transport=_Named(self._context),
        )  # fmt: skip


class _Named(httpx.HTTPTransport):
    """Says tasks.example in the TLS handshake."""

    def __init__(self, context):
        super().__init__(verify=context)

    def handle_request(self, request):
        request.extensions = {**request.extensions, "sni_hostname": "tasks.example"}
        return super().handle_request(request)


@pytest.fixture(params=PROGRAMS)
def kind(request):
    if shutil.which(PROGRAMS[request.param]) is None:
        pytest.skip(f"{request.param} is not installed")
    return request.param


@pytest.fixture(params=["", "/duly"], ids=["a host of its own", "below a path"])
def proxied(request, kind, tmp_path, certificate, settings):
    root_path = request.param
    with (
        Service(settings.database_url, settings.jwt_secret, ROOT_PATH=root_path, METRICS="true") as service,
        Proxy(kind, tmp_path, certificate, service, root_path) as proxy,
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
        (tmp_path / "conf").write_text(
            f"daemon off; user root; pid {tmp_path}/pid; error_log {tmp_path}/errors; events {{}}\n"
            f"http {{ access_log off; server {{ listen 127.0.0.1:{port}; "
            f"location / {{ proxy_pass {service.address}; }} }} }}\n"
        )
        command = [PROGRAMS["nginx"], "-p", tmp_path, "-e", tmp_path / "errors", "-c", tmp_path / "conf"]
        nginx = subprocess.Popen(command, env=environment())
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as http:
                client = Client(http, make_token(alice))
                wait_until(lambda: _is_up(client), 20)
                stream = Stream(f"http://127.0.0.1:{port}", make_token(alice))
                stream.wait_for(1)
                # Longer than its patience, with nothing but signs of life.
                assert not stream.ended.wait(70)
                client.post("/tasks", {"title": "x"})
                assert stream.wait_for(2)[-1]["id"] == client.get("/changes").json()["next"]
                stream.close()
        finally:
            nginx.terminate()
            nginx.wait(20)


def _is_up(client):
    try:
        return client.get("/health").status_code == 200
    except httpx.TransportError:
        return False
