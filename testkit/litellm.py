"""LiteLLM's proxy as it is on PyPI: a real host with OpenAI's API in front of others.

It lives in an environment of its own (`requirements-proxy.in`), which `make test` sets up.
"""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from testkit.app import ROOT
from testkit.ports import free_port

PROGRAM = ROOT / ".venv-proxy" / "bin" / "litellm"
KEY = "sk-proxy-of-the-tests"
# Seven seconds of one core, twice that before its modules are compiled; others work beside it.
_START_SECONDS = 240.0
_END_SECONDS = 20.0
_LOG_CHARACTERS = 5_000


@dataclass(frozen=True, slots=True)
class Behind:
    """A model at a host with OpenAI's API, whose address ends in `/v1`."""

    address: str
    model: str
    api_key: str = "none"


@dataclass
class LiteLLM:
    """The proxy, with models by the names under which it offers them."""

    folder: Path
    models: Mapping[str, Behind]
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def start(self) -> None:
        if not PROGRAM.exists():
            pytest.fail("These tests need LiteLLM's proxy: make .venv-proxy/.installed")
        config = self.folder / "config.json"
        config.write_text(json.dumps(self._config()))
        # Prices of models, and what Anthropic's take, are the package's own: nothing is fetched.
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOCAL_ANTHROPIC_BETA_HEADERS": "True",
        }
        address = ("--host", "127.0.0.1", "--port", str(self.port))
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [PROGRAM, "--config", config, *address],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(_END_SECONDS)
            self.process = None

    @property
    def _log(self) -> Path:
        return self.folder / "litellm.log"

    def _config(self) -> dict[str, Any]:
        """Nothing is asked again: whoever tries it out counts calls. A host that refused is asked
        the next time, too: the proxy would answer by itself for some seconds."""
        models = [
            {
                "model_name": name,
                "litellm_params": {
                    "model": f"openai/{behind.model}",
                    "api_base": behind.address,
                    "api_key": behind.api_key,
                },
            }
            for name, behind in self.models.items()
        ]
        return {
            "model_list": models,
            "general_settings": {"master_key": KEY},
            "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        }

    def _wait(self) -> None:
        give_up_at = time.monotonic() + _START_SECONDS
        while self.process and self.process.poll() is None and time.monotonic() < give_up_at:
            try:
                if httpx.get(f"{self.url}/health/readiness", trust_env=False).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        self.stop()
        raise AssertionError(f"LiteLLM did not start:\n{self._log.read_text()[-_LOG_CHARACTERS:]}")
