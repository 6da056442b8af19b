"""A real browser for tests of pages: Chromium without a window, driven over the DevTools protocol.

Owns the process, its protocol and what a test asks of a page. The protocol runs over two pipes, so neither a port nor a
library is needed. Every request of a page is kept, every complaint too, and no host is reached but the loopback
address.

    with launch() as browser:
        page = browser.open(f"http://127.0.0.1:{port}/docs")
        page.wait_for("document.querySelectorAll('.opblock').length === 3")

Reference:
    Chrome DevTools Protocol: https://chromedevtools.github.io/devtools-protocol/
"""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WAIT_SECONDS = 30.0
"""How long anything may take before a test gives up; far more than it takes."""

FLAGS = (
    "--headless",
    "--no-sandbox",  # Root cannot use the sandbox, and everything that is opened is our own.
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--password-store=basic",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--lang=en",
    "--remote-debugging-pipe",
)

# The browser reads commands from file 3 and writes to file 4; a child gets its files under the numbers of its parent.
_ON_FILES_3_AND_4 = """
import os, sys
into, out = int(sys.argv[1]), int(sys.argv[2])
kept = os.dup(out) if out == 3 else out
os.dup2(into, 3)
os.dup2(kept, 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""


class BrowserError(AssertionError):
    """The browser refused a command, or something did not come about in time."""


@dataclass
class PageRequest:
    """A request of a page, and what came of it."""

    method: str
    url: str
    status: int | None = None
    """None: not answered, yet or at all."""
    failure: str | None = None


@dataclass
class Page:
    """One tab, with storage of its own."""

    browser: "Browser"
    session: str
    requests: list[PageRequest] = field(default_factory=list)
    """Every request in order, those that were refused among them; a redirect is a request of its own."""
    complaints: list[str] = field(default_factory=list)
    """Errors and warnings of the console, and exceptions that nobody caught."""
    violations: list[str] = field(default_factory=list)
    """What the Content-Security-Policy was violated by: the directive, and the URL if there is one."""
    loads: int = 0
    _underway: dict[str, PageRequest] = field(default_factory=dict)

    def command(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command of the protocol, and give its result."""
        return self.browser.command(method, self.session, **parameters)

    def go(self, url: str) -> None:
        """Go to a URL, and wait until it is loaded."""
        loads = self.loads
        failure = self.command("Page.navigate", url=url).get("errorText")
        if failure is not None:
            raise BrowserError(f"{url}: {failure}")
        self.browser.read_until(lambda: self.loads > loads, lambda: f"{url} does not load")

    def set_color_scheme(self, scheme: str) -> None:
        """Let the system prefer "light" or "dark"."""
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def evaluate(self, expression: str) -> Any:
        """Give the value of an expression of JavaScript; a promise is awaited."""
        answer = self.command("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserError(f"{expression}\n{json.dumps(answer['exceptionDetails'], indent=2)}")
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """Wait in the page until an expression is truthy, and give its value."""
        limit = int(WAIT_SECONDS * 1000 / 2)
        answer = self.evaluate(
            f"""new Promise((resolve) => {{
                const end = Date.now() + {limit};
                const look = () => {{
                    const value = ({expression});
                    // An element has no value outside of the page; that it is there is what counts.
                    if (value || Date.now() > end) resolve({{ value: value instanceof Node || value || null }});
                    else setTimeout(look, 10);
                }};
                look();
            }})"""
        )
        if not answer["value"]:
            raise BrowserError(f"This does not come true: {expression}\n{self.describe()}")
        return answer["value"]

    def click(self, selector: str) -> None:
        """Wait for an element that a CSS selector finds, and click on it as a mouse does."""
        found = json.dumps(selector)
        self.wait_for(f"document.querySelector({found})")
        x, y = self.evaluate(
            f"""(() => {{
                const element = document.querySelector({found});
                element.scrollIntoView({{ block: "center", behavior: "instant" }});
                const box = element.getBoundingClientRect();
                return [box.left + box.width / 2, box.top + box.height / 2];
            }})()"""
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def type(self, selector: str, text: str) -> None:
        """Replace the text of a field, as a keyboard does."""
        self.wait_for(f"document.querySelector({json.dumps(selector)})")
        self.evaluate(
            f"(() => {{ const f = document.querySelector({json.dumps(selector)}); f.focus(); f.select(); }})()"
        )
        self.command("Input.insertText", text=text)

    def text(self, selector: str = "body") -> str:
        """Give the text that an element shows, "" when there is none."""
        return str(self.evaluate(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def settle(self) -> None:
        """Wait until every request is answered, and everything that the page told until now is kept."""
        self.browser.read_until(lambda: not self._underway, lambda: f"Not answered: {[*self._underway.values()]}")
        self.evaluate("new Promise((resolve) => requestAnimationFrame(() => setTimeout(() => resolve(true))))")

    def describe(self) -> str:
        """Say all that is known of the page, for the message of a failed test."""
        lines = [*(str(request) for request in self.requests), *self.complaints, *self.violations]
        return "\n".join([self.text(), *lines])

    def hear(self, event: str, told: Mapping[str, Any]) -> None:
        """Keep what an event of the protocol tells."""
        match event:
            case "Page.loadEventFired":
                self.loads += 1
            case "Network.requestWillBeSent":
                self._hear_request(told)
            case "Network.responseReceived":
                self._underway_of(told).status = told["response"]["status"]
            case "Network.loadingFinished":
                self._underway.pop(told["requestId"], None)
            case "Network.loadingFailed":
                self._underway_of(told).failure = told.get("blockedReason") or told["errorText"]
                self._underway.pop(told["requestId"], None)
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                entry = told["entry"]
                self.complaints.append(f"{entry['level']}: {entry['text']} {entry.get('url', '')}".rstrip())
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning", "assert"):
                words = [str(word.get("value", word.get("description", ""))) for word in told["args"]]
                self.complaints.append(f"{told['type']}: {' '.join(words)}")
            case "Runtime.exceptionThrown":
                details = told["exceptionDetails"]
                self.complaints.append(f"exception: {details.get('exception', {}).get('description', details['text'])}")
            case "Audits.issueAdded" if told["issue"]["code"] == "ContentSecurityPolicyIssue":
                details = told["issue"]["details"]["contentSecurityPolicyIssueDetails"]
                self.violations.append(f"{details['violatedDirective']} {details.get('blockedURL', '')}".rstrip())
            case _:
                pass

    def _hear_request(self, told: Mapping[str, Any]) -> None:
        redirected = self._underway.get(told["requestId"])
        if redirected is not None and "redirectResponse" in told:
            redirected.status = told["redirectResponse"]["status"]
        asked = PageRequest(told["request"]["method"], told["request"]["url"])
        # What is in the page already is no request.
        if not asked.url.startswith(("data:", "blob:")):
            self.requests.append(asked)
            self._underway[told["requestId"]] = asked

    def _underway_of(self, told: Mapping[str, Any]) -> PageRequest:
        return self._underway.get(told["requestId"], PageRequest("", ""))


class Browser:
    """A running browser."""

    def __init__(self, process: subprocess.Popen[bytes], commands: int, answers: int, log: Path) -> None:
        self._process: subprocess.Popen[bytes] = process
        self._commands: int = commands
        self._answers: int = answers
        self._log: Path = log
        self._buffer: bytes = b""
        self._last_id: int = 0
        self._replies: dict[int, dict[str, Any]] = {}
        self._pages: dict[str, Page] = {}
        self.windows: list[str] = []
        """The URL of every tab and window that was opened, by the test or by a page."""

    def open(self, url: str = "about:blank", *, color_scheme: str = "light") -> Page:
        """Open a tab with storage of its own, and go to a URL.

        Args:
            url: Where to.
            color_scheme: What the system prefers, "light" or "dark".
        """
        context = self.command("Target.createBrowserContext")["browserContextId"]
        target = self.command("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = str(self.command("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Network", "Log", "Runtime", "Audits"):
            page.command(f"{domain}.enable")
        page.set_color_scheme(color_scheme)
        if url != "about:blank":
            page.go(url)
        return page

    def command(self, method: str, session: str | None = None, /, **parameters: object) -> dict[str, Any]:
        """Send a command of the protocol, and give its result."""
        self._last_id = number = self._last_id + 1
        message: dict[str, object] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        data = json.dumps(message).encode("ascii") + b"\0"
        while data:
            data = data[os.write(self._commands, data) :]
        self.read_until(lambda: number in self._replies, lambda: f"No answer to {method} {parameters}")
        reply = self._replies.pop(number)
        if "error" in reply:
            raise BrowserError(f"{method}: {reply['error']}")
        result: dict[str, Any] = reply["result"]
        return result

    def read_until(self, is_so: Callable[[], bool], what: Callable[[], str]) -> None:
        """Read what the browser tells until something is so; otherwise fail with what was waited for."""
        deadline = time.monotonic() + WAIT_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while not is_so():
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise BrowserError(what())
                piece = os.read(self._answers, 1 << 20)
                if not piece:
                    raise BrowserError(f"The browser ended. {what()}\n{self._log.read_text('utf-8', 'replace')}")
                *messages, self._buffer = (self._buffer + piece).split(b"\0")
                for message in messages:
                    self._take(json.loads(message))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._replies[message["id"]] = message
        elif message["method"] == "Target.targetCreated":
            if message["params"]["targetInfo"]["type"] == "page":
                self.windows.append(message["params"]["targetInfo"]["url"])
        elif message.get("sessionId") in self._pages:
            self._pages[message["sessionId"]].hear(message["method"], message["params"])


@contextlib.contextmanager
def launch(program: str = "chromium") -> Generator[Browser]:
    """Run a browser with an empty profile, and end it afterwards."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        log = folder / "log.txt"
        command_end, commands = os.pipe()
        answers, answer_end = os.pipe()
        stack.callback(os.close, commands)
        stack.callback(os.close, answers)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-c", _ON_FILES_3_AND_4, str(command_end), str(answer_end)),
                    *(program, *FLAGS, f"--user-data-dir={folder / 'profile'}"),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(command_end, answer_end),
                start_new_session=True,
                # Nothing of the user's settings comes in, and nothing is left behind.
                env={**os.environ, "HOME": name, "XDG_CONFIG_HOME": name, "XDG_CACHE_HOME": name},
            )
        os.close(command_end)
        os.close(answer_end)
        stack.callback(_end, process)
        browser = Browser(process, commands, answers, log)
        browser.command("Target.setDiscoverTargets", discover=True)
        yield browser
        with contextlib.suppress(BrowserError, BrokenPipeError):
            browser.command("Browser.close")
            process.wait(WAIT_SECONDS)


def _end(process: subprocess.Popen[bytes]) -> None:
    # The whole group: a browser is many processes.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
