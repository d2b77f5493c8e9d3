"""A real nginx that runs `deploy/nginx.conf`, with nothing changed in it but where things are."""

import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from testkit.app import ROOT
from testkit.ports import free_port

CONF = ROOT / "deploy" / "nginx.conf"
_READY_SECONDS = 20.0
# Things a distribution may switch on for everybody, and more: none of it may reach a stream.
_MAIN = """
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/main.log;
events {{}}
http {{
    gzip on;
    gzip_proxied any;
    gzip_min_length 1;
    gzip_types *;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    include {folder}/storyteller.conf;
}}
"""


@dataclass
class Proxy:
    """nginx in front of processes at 127.0.0.1; `changes` are further texts to replace."""

    folder: Path
    app_ports: list[int]
    changes: Mapping[str, str] = field(default_factory=dict)
    port: int = field(init=False)
    plain_port: int = field(init=False)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.port, self.plain_port = free_port(), free_port()
        _make_certificate(self.folder)
        user = "user root;" if os.geteuid() == 0 else ""  # its workers shall read what we made
        (self.folder / "nginx.conf").write_text(_MAIN.format(folder=self.folder, user=user))
        (self.folder / "storyteller.conf").write_text(self._conf())

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def certificate(self) -> Path:
        return self.folder / "fullchain.pem"

    def trusted(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.certificate))

    @property
    def logs(self) -> str:
        return "".join(path.read_text() for path in self.folder.glob("*.log"))

    def start(self) -> None:
        nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
        if nginx is None:
            pytest.fail("These tests need nginx: apt-get install nginx")
        command = [nginx, "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        give_up_at = time.monotonic() + _READY_SECONDS
        while self.process.poll() is None and time.monotonic() < give_up_at:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        raise AssertionError(f"nginx did not start:\n{self.logs}")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(_READY_SECONDS)
            self.process = None

    def _conf(self) -> str:
        servers = "\n".join(f"server 127.0.0.1:{port} max_fails=0;" for port in self.app_ports)
        conf = re.sub(r"^ *listen \[::\].*\n", "", CONF.read_text(), flags=re.MULTILINE)
        for old, new in {
            "server 127.0.0.1:8000 max_fails=0;": servers,
            "listen 80;": f"listen 127.0.0.1:{self.plain_port};",
            "listen 443 ": f"listen 127.0.0.1:{self.port} ",
            "stories.example.org;": "localhost;",
            "/etc/letsencrypt/live/stories.example.org/": f"{self.folder}/",
            "/var/log/nginx/": f"{self.folder}/",
            **self.changes,
        }.items():
            assert old in conf, old
            conf = conf.replace(old, new)
        return conf


def _make_certificate(folder: Path) -> None:
    options = (
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost "
        "-addext subjectAltName=DNS:localhost -keyout privkey.pem -out fullchain.pem"
    )
    subprocess.run(["openssl", *options.split()], cwd=folder, check=True, capture_output=True)
