"""Ask a source politely: never faster than the rate, patient with what may pass, and never twice for one answer.

akshare sends each request through the name `requests` in its own modules. `Session.inside` puts a session in that
place, so that all else of the library stays in use. A setting, REFRESH_MIRROR, sends `https://host/path` to
`MIRROR/host/path`, for machines that reach the sources only through a mirror; edgartools has EDGAR_DATA_URL for that.
"""

import gzip
import hashlib
import json
import os
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from unittest.mock import patch

import requests
import tenacity

from lib.errors import ParameterError, UserError

ATTEMPTS = 5
#: A source that asks for a longer wait is left alone until the next run.
LONGEST_WAIT = 120  # seconds
KEPT_FOR = 7 * 24 * 3600  # seconds: after that an answer is asked for again


class Unreachable(UserError):
    """The source did not answer after some attempts, or wants to be left alone: the run stops and may be resumed."""


class Nonsense(UserError):
    """The source answered, and not with what it should: nothing of that answer is used."""


class MayPass(Exception):
    """A fault worth another attempt; `wait` is what the server asks for, in seconds."""

    def __init__(self, why: str, wait: float = 0):
        super().__init__(why)
        self.wait = wait


def setting(name: str, default: float) -> float:
    """A positive number from the environment; ParameterError where it is something else."""
    text = os.environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise ParameterError(f"{name}: '{text}' is not a number above 0.")
    return value


class Session:
    """Stands in for `requests` in akshare: GET only, paced, retried, each whole answer kept in `folder`.

    folder: one gzip file per answer, a line with address, time and type above it; it serves later runs for a week.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.pause = 1 / setting("REFRESH_RATE", 1)
        self.timeout = setting("REFRESH_TIMEOUT", 30)
        self.mirror = (os.environ.get("REFRESH_MIRROR") or "").rstrip("/")
        self.answers: list[dict] = []  # those of the company at hand: address, retrieved, type, body
        self._session = requests.Session()
        self._last = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    def inside(self, module):
        """Context in which `module` sends its requests through this session."""
        return patch.object(module, "requests", self)

    def get(self, url: str, params: dict | None = None, **_) -> requests.Response:
        """The answer to a GET request, from disk or from the source, in the library's own form."""
        address = requests.Request("GET", url, params=params).prepare().url
        return _response(self.once(address, lambda: self._ask(address)))

    def once(self, address: str, ask) -> dict:
        """The kept answer to `address`, or that of `ask()`, (content type, body), which is then kept.

        Where `ask` raises MayPass it is called again, after a growing wait or the one that the server asks for.
        """
        path = self._path(address)
        try:
            head, body = gzip.decompress(path.read_bytes()).split(b"\n", 1)
            answer = json.loads(head) | {"body": body}
            fresh = time.time() - path.stat().st_mtime < KEPT_FOR
        except (OSError, EOFError, ValueError):
            fresh = False
        if not fresh:
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            kind, body = self._patiently(address, ask)
            head = {"address": address, "retrieved": now, "type": kind}
            beside = path.with_suffix(".part")  # a broken-off write leaves no half answer
            beside.write_bytes(gzip.compress(json.dumps(head).encode() + b"\n" + body, mtime=0))
            beside.replace(path)
            answer = head | {"body": body}
        self.answers.append(answer)
        return answer

    def begin(self) -> None:
        """Before each company: only its own answers are held in memory."""
        self.answers = []

    def forget(self) -> None:
        """Drop the kept answers of the company at hand, so that the next run asks again."""
        for answer in self.answers:
            self._path(answer["address"]).unlink(missing_ok=True)

    def _path(self, address: str) -> Path:
        return self.folder / f"{hashlib.sha256(address.encode()).hexdigest()[:24]}.json.gz"

    def _patiently(self, address: str, ask) -> tuple[str, bytes]:
        back_off = tenacity.wait_exponential_jitter(multiplier=2 * self.pause, jitter=self.pause, max=60)
        retry = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda e: isinstance(e, MayPass) and e.wait <= LONGEST_WAIT),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=lambda state: max(back_off(state), state.outcome.exception().wait),
            reraise=True,
        )
        try:
            return retry(self._paced, ask)
        except MayPass as fault:
            if fault.wait > LONGEST_WAIT:
                rest = f"the source asks for {fault.wait / 60:.0f} minutes of rest; run the same command then."
                raise Unreachable(f"{address}: {rest}") from fault
            raise Unreachable(f"{address}: {fault}, {ATTEMPTS} times over; run the same command later.") from fault

    def _paced(self, ask):
        time.sleep(max(0.0, self._last + self.pause - time.monotonic()))
        self._last = time.monotonic()
        return ask()

    def _ask(self, address: str) -> tuple[str, bytes]:
        target = f"{self.mirror}/{address.split('://')[1]}" if self.mirror else address
        try:
            answer = self._session.get(target, timeout=self.timeout)
        except requests.RequestException as error:  # resets and time-outs, also midway
            raise MayPass(f"no whole answer ({type(error).__name__})") from error
        if answer.status_code != 200:
            raise not_answered(address, answer.status_code, _retry_after(answer))
        if not answer.content.strip():  # how some sources answer who asks too often
            raise MayPass("an empty answer")
        if answer.content.lstrip()[:1] in (b"{", b"["):
            try:
                json.loads(answer.content)
            except ValueError as error:
                raise MayPass("JSON that breaks off") from error
        return answer.headers.get("Content-Type", ""), answer.content


def not_answered(address: str, status: int, wait: float = 0) -> Exception:
    """What to raise for an HTTP status: MayPass where another attempt may mend it, Unreachable where none does."""
    if status in (429, 500, 502, 503, 504):
        return MayPass(f"HTTP {status}", wait)
    return Unreachable(
        f"{address}: HTTP {status}, which another attempt does not mend; open the address in a browser to see what the "
        "source wants."
    )


def _response(answer: dict) -> requests.Response:
    response = requests.Response()
    response.status_code, response.url, response._content = 200, answer["address"], answer["body"]
    response.encoding = requests.utils.get_encoding_from_headers({"content-type": answer["type"]})
    return response


def _retry_after(answer: requests.Response) -> float:
    """Seconds that the server asks to wait: the header holds a number or a date."""
    text = answer.headers.get("Retry-After", "0")
    try:
        return float(text)
    except ValueError:
        try:
            return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
        except (ValueError, TypeError):
            return 0.0
