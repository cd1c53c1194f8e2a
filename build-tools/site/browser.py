"""Opens the pages of `cargo codegen site` in a headless Chromium, as a reader with a mouse, with a
keyboard, on a phone and in the dark does.

usage: browser.py SITE BROWSER SCREENSHOTS [AXE]

SITE has two versions: in the older one, epoll_event of x86-64 Linux is not packed and EPOLLET has
another value. AXE is axe.min.js of axe-core; without it, no accessibility is checked. Speaks the
DevTools protocol over a pipe: https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import fcntl
import json
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time
import traceback

DESKTOP = (1280, 800)
PHONE = (360, 740)

# One page of each kind, with the widest of its kind.
PAGES = [
    "index.html",
    "record-epoll_event.html",
    "record-kevent.html",
    "record-wsaprotocol_infow--u.html",
    "record-__wasi_subscription_fd_readwrite_t.html",
    "group-linux.x86_64.html",
    "group-windows.bits64.html",
    "constants.html",
    "functions.html",
    "compare.html",
]

GNU = "x86_64-unknown-linux-gnu"

# The modifier and the code of keys that are not letters.
KEYS = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Escape": ("Escape", 27, ""),
    "ArrowDown": ("ArrowDown", 40, ""),
    "ArrowUp": ("ArrowUp", 38, ""),
    "/": ("Slash", 191, "/"),
}


class Browser:
    """Chromium, and one page in it."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp(prefix="site-browser-")
        commands, self.commands = os.pipe()
        self.events, events = os.pipe()
        # The numbers 3 and 4 have to be free in the child.
        high = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in (commands, events)]
        arguments = [
            "--headless",
            "--remote-debugging-pipe",
            f"--user-data-dir={self.profile}",
            "--no-first-run",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-background-networking",
            "--disable-component-update",
            "--hide-scrollbars",
        ]
        if os.geteuid() == 0:
            # Chromium's sandbox does not run as root.
            arguments.append("--no-sandbox")

        def duplicate():
            for fd, number in zip(high, (3, 4)):
                os.dup2(fd, number)

        self.process = subprocess.Popen(
            [program, *arguments, "about:blank"],
            preexec_fn=duplicate,
            pass_fds=(3, 4),
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        for each in (commands, events, *high):
            os.close(each)
        self.number = 0
        self.buffer = b""
        self.session = None
        self.messages = []
        self.loaded = False
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def receive(self, limit):
        """Returns the next message, or None after `limit` seconds."""
        end = time.monotonic() + limit
        while b"\0" not in self.buffer:
            left = max(0, end - time.monotonic())
            ready, _, _ = select.select([self.events], [], [], left)
            if not ready:
                return None
            chunk = os.read(self.events, 1 << 20)
            if not chunk:
                raise RuntimeError("the browser has ended")
            self.buffer += chunk
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def note(self, message):
        """Keeps what the page reports: errors of scripts, of the policy and of loading."""
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Runtime.exceptionThrown":
            self.messages.append(json.dumps(parameters["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled":
            self.messages.append(json.dumps(parameters["args"]))
        elif method == "Log.entryAdded":
            self.messages.append(parameters["entry"]["text"])

    def call(self, method, **parameters):
        """Sends a command and returns its result."""
        self.number += 1
        number = self.number
        command = {"id": number, "method": method, "params": parameters}
        if self.session:
            command["sessionId"] = self.session
        data = json.dumps(command).encode() + b"\0"
        while data:
            data = data[os.write(self.commands, data) :]
        while True:
            # On a busy machine, axe-core takes more than a minute for the longest page.
            message = self.receive(300)
            if message is None:
                raise RuntimeError(f"no answer to {method}")
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]
            self.note(message)

    def evaluate(self, expression):
        """The value of an expression in the page."""
        result = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression[:200]}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def wait_for(self, expression, why):
        """Waits until an expression is true."""
        end = time.monotonic() + 10
        while not self.evaluate(expression):
            assert time.monotonic() < end, why
            time.sleep(0.02)

    def wait_until_loaded(self):
        end = time.monotonic() + 30
        while not self.loaded:
            message = self.receive(end - time.monotonic())
            assert message is not None, "the page did not load"
            self.note(message)

    def open(self, url, size=DESKTOP, dark=False):
        """Opens a page in a window of this size."""
        width, height = size
        is_phone = size == PHONE
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if is_phone else 1,
            mobile=is_phone,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        # A page that differs behind # only would not be loaded again.
        self.loaded = False
        self.call("Page.navigate", url="about:blank")
        self.wait_until_loaded()
        self.loaded = False
        self.messages = []
        failure = self.call("Page.navigate", url=url).get("errorText")
        assert not failure, f"{url}: {failure}"
        self.wait_until_loaded()

    def press(self, key):
        code, number, text = KEYS[key]
        common = {"key": key, "code": code, "windowsVirtualKeyCode": number}
        down = "keyDown" if text else "rawKeyDown"
        self.call("Input.dispatchKeyEvent", type=down, text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        for letter in text:
            self.call("Input.dispatchKeyEvent", type="keyDown", text=letter, key=letter)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=letter)

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))


class Tests:
    """The tests: methods that begin with `test_`."""

    def __init__(self, browser, site, shots, axe):
        self.browser = browser
        self.site = pathlib.Path(site).resolve()
        self.shots = pathlib.Path(shots)
        self.axe = axe
        self.shots.mkdir(parents=True, exist_ok=True)

    def open(self, page, **options):
        self.browser.open(f"{self.site.as_uri()}/{page}", **options)

    def value(self, expression):
        return self.browser.evaluate(expression)

    def versions(self):
        self.open("compare.html")
        return self.value("ABI_VERSIONS")

    def first_result(self):
        return self.value("document.querySelector('#results li')?.textContent ?? ''")

    def focused(self):
        return self.value("document.activeElement.id || document.activeElement.href || ''")

    def is_sound(self, page):
        """No message in the console, and nothing wider than the window."""
        assert not self.browser.messages, f"{page}: {self.browser.messages}"
        # An overflow widens `innerWidth` on a phone, so the window's real width counts.
        width = self.value("document.scrollingElement.scrollWidth")
        return width

    def each_page_fits(self, name, size):
        assert len(self.versions()) == 2, "the site has two versions"
        for page in PAGES:
            for dark in (False, True):
                self.open(page, size=size, dark=dark)
                width = self.is_sound(page)
                assert width <= size[0], f"{page} is {width} px wide in a window of {size[0]} px"
                assert self.value("document.querySelector('h1').textContent.length > 0"), page
                controls = "[...document.querySelectorAll('input, select')]"
                bare = self.value(f"{controls}.filter((one) => !one.labels.length).length")
                assert bare == 0, f"{page} has {bare} controls without a label"
                color = self.value("getComputedStyle(document.body).backgroundColor")
                assert (color == "rgb(255, 255, 255)") is not dark, f"{page}: {color}"
                shade = "dark" if dark else "light"
                stem = page.removesuffix(".html")
                self.browser.screenshot(self.shots / f"{stem}.{name}.{shade}.png")

    def test_pages_fit_a_desktop(self):
        self.each_page_fits("desktop", DESKTOP)

    def test_pages_fit_a_phone(self):
        self.each_page_fits("phone", PHONE)

    def accessible(self, size, pages):
        for page in pages:
            for dark in (False, True):
                self.open(page, size=size, dark=dark)
                if page == "index.html":
                    self.value("document.getElementById('query').focus()")
                    self.browser.type("epoll")
                self.value(self.axe)
                # In the dark, only colors differ.
                only = ", runOnly: ['color-contrast']" if dark else ""
                run = f"axe.run(document, {{resultTypes: ['violations']{only}}})"
                found = self.value(
                    f"{run}.then((all) => all.violations.map((one) => "
                    "`${one.id}: ${one.nodes[0].html} ${one.nodes[0].failureSummary}`))"
                )
                assert not found, f"{page}, {'dark' if dark else 'light'}:\n" + "\n".join(found)

    def test_pages_are_accessible_on_a_desktop(self):
        self.accessible(DESKTOP, PAGES)

    def test_pages_are_accessible_on_a_phone(self):
        # Some rules depend on the width: boxes that scroll, parts that wrap.
        self.accessible(PHONE, ["index.html", "record-epoll_event.html", "compare.html"])

    def test_search_finds_each_kind_of_symbol(self):
        for size in (DESKTOP, PHONE):
            for typed, wanted in [
                ("epoll_event", "struct epoll_event"),
                ("udata", "field udata"),
                ("EV_ADD", "const EV_ADD"),
                ("epoll_ctl", "fn epoll_ctl"),
                ("s390x", "s390x"),
                ("aarch64-apple-ios-sim", "target aarch64-apple-ios-sim"),
                ("union epoll", "union epoll_data"),
            ]:
                self.open("index.html", size=size)
                self.value("document.getElementById('query').focus()")
                self.browser.type(typed)
                found = self.first_result()
                assert wanted in found, f"{typed}: {found}"
                assert "found" in self.value("document.querySelector('[role=status]').textContent")
                assert self.is_sound("the results") <= size[0], "the results are too wide"

    def test_search_shows_the_record(self):
        self.open("constants.html")
        self.value("document.getElementById('query').focus()")
        self.browser.type("epoll_event")
        self.browser.loaded = False
        self.browser.press("Enter")
        self.browser.wait_until_loaded()
        assert self.value("location.href").endswith("/record-epoll_event.html")
        assert "epoll_event" in self.value("document.querySelector('h1').textContent")
        box = self.value("document.querySelector('article svg').getBoundingClientRect().width")
        assert box > 300, f"the picture is {box} px wide"
        fill = self.value("getComputedStyle(document.querySelector('rect.padding')).fill")
        assert "#hatch" in fill, fill

    def test_search_without_a_result_reports_it(self):
        self.open("index.html")
        self.value("document.getElementById('query').focus()")
        self.browser.type("<b>no such thing")
        status = self.value("document.querySelector('[role=status]').textContent")
        assert "Nothing is called “<b>no such thing”" in status, status
        assert self.value("document.querySelectorAll('#results li, #results b').length") == 0

    def test_keyboard_reaches_everything(self):
        self.open("index.html")
        reached = []
        for _ in range(8):
            self.browser.press("Tab")
            reached.append(self.focused())
            if reached[-1] == "query":
                break
        assert reached[0].endswith("#content"), f"the first stop is {reached[0]}"
        assert reached[-1] == "query", f"Tab reaches {reached}"
        self.browser.type("kevent")
        self.browser.press("Tab")
        assert self.focused().endswith("/record-kevent.html"), self.focused()
        self.browser.press("ArrowDown")
        second = self.focused()
        assert second and not second.endswith("/record-kevent.html"), second
        self.browser.press("ArrowUp")
        self.browser.press("ArrowUp")
        assert self.focused() == "query"
        # Escape leaves the results, also from one of them.
        self.browser.press("Tab")
        assert self.focused().endswith("/record-kevent.html"), self.focused()
        self.browser.press("Escape")
        assert self.focused() == "query", self.focused()
        assert self.value("document.getElementById('results').hidden")
        # The outline shows where the focus is.
        outline = self.value("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", outline
        self.open("record-epoll_event.html")
        self.browser.press("/")
        assert self.focused() == "query" and self.value("query.value") == ""

    def test_wide_pictures_scroll_by_keyboard(self):
        self.open("record-epoll_event.html", size=PHONE)
        box = "document.querySelector('.picture')"
        assert self.value(f"{box}.scrollWidth > {box}.clientWidth"), "the picture is not wide"
        assert self.value(f"{box}.tabIndex") == 0
        self.open("record-epoll_event.html", size=DESKTOP)
        assert self.value(f"{box}.tabIndex") == -1

    def differing(self):
        return self.value(
            "[...document.querySelectorAll('article[data-record]')].map((one) => "
            "[one.dataset.record, one.querySelector('.outcome').textContent, "
            "one.querySelectorAll('rect.changed').length])"
        )

    def test_compare_shows_how_targets_differ(self):
        for size in (DESKTOP, PHONE):
            new = "the working tree"
            pair = f"a={GNU}&b=aarch64-unknown-linux-gnu&av={new}&bv={new}"
            self.open(f"compare.html#{pair}", size=size)
            records = self.differing()
            assert ["epoll_event", "differs", 3] in records, records
            assert "2 differences" in self.value("summary.textContent")
            constants = self.value("document.querySelectorAll('#outcome section')[1].innerText")
            assert "NR_ppoll_64" in constants and "EPOLLIN" not in constants, constants
            assert self.is_sound("compare") <= size[0]
            # What is equal appears on request, by the keyboard alone.
            self.value("document.getElementById('all').focus()")
            self.browser.call("Input.dispatchKeyEvent", type="keyDown", key=" ", text=" ")
            self.browser.call("Input.dispatchKeyEvent", type="keyUp", key=" ")
            self.browser.wait_for("location.hash.includes('all=1')", "the address has all=1")
            self.browser.wait_for(
                "document.querySelector('[data-record=pollfd] .outcome')?.textContent === 'equal'",
                "pollfd is shown as equal",
            )
            assert "EPOLLIN" in self.value("outcome.innerText")

    def test_compare_shows_how_versions_differ(self):
        old, new = self.versions()
        query = f"a={GNU}&b={GNU}&av={old}&bv={new}"
        for size in (DESKTOP, PHONE):
            self.open(f"compare.html#{query}", size=size)
            assert self.differing() == [["epoll_event", "differs", 3]], self.differing()
            text = self.value("outcome.innerText")
            assert "EPOLLET" in text and "EPOLLIN" not in text, text
            assert self.value("getComputedStyle(document.querySelector('tr.changed td'))"
                              ".backgroundColor") != "rgba(0, 0, 0, 0)"
            assert self.is_sound("compare") <= size[0]
        # Other targets of both versions are equal.
        self.open(f"compare.html#{query.replace('x86_64', 's390x')}")
        assert "no difference" in self.value("summary.textContent")

    def test_compare_is_chosen_by_forms_and_addresses(self):
        old, new = self.versions()
        assert self.value("summary.textContent").startswith(GNU)
        self.value(
            "b.value = 'x86_64-pc-windows-msvc';"
            "b.dispatchEvent(new Event('change', {bubbles: true}))"
        )
        self.browser.wait_for("location.hash.includes('b=x86_64-pc-windows-msvc')", "the address")
        self.browser.wait_for("outcome.innerText.includes('only right')", "the records of Windows")
        self.value("swap.click()")
        self.browser.wait_for("location.hash.includes('a=x86_64-pc-windows-msvc')", "the swap")
        self.browser.wait_for(f"b.value === '{GNU}'", "the swapped form")
        assert [self.value("av.value"), self.value("bv.value")] == [new, old]
        self.open(f"compare.html#a={GNU}&b=aarch64-unknown-linux-gnu&record=epoll_event")
        assert [name for name, _, _ in self.differing()] == ["epoll_event"]
        self.open("compare.html#a=nothing&b=x")
        message = self.value("summary.textContent")
        assert message.startswith("There is no target “nothing” in "), message
        self.open("compare.html#av=<img src=x>")
        message = self.value("summary.textContent")
        assert "no version “<img src=x>”" in message, message
        assert not self.browser.messages, self.browser.messages

    def test_compare_knows_spellings_of_a_type(self):
        new = "the working tree"
        sides = f"a=x86_64-unknown-freebsd&b=aarch64-apple-darwin&av={new}&bv={new}"
        self.open(f"compare.html#{sides}")
        rows = dict(
            self.value(
                "[...document.querySelectorAll('[data-record=kevent] tbody tr')].map((row) => "
                "[row.querySelector('th').textContent, row.lastChild.textContent])"
            )
        )
        # c_short is i16 everywhere, c_long is isize on some targets only.
        assert rows["filter"] == "other spelling", rows
        assert rows["data"] == "differs" and rows["ext"] == "only left", rows
        marked = self.value("document.querySelector('rect.changed[data-field=filter]')")
        assert marked is None, "a spelling is marked"

    def test_links_between_layouts_compare_them(self):
        self.open("record-epoll_event.html")
        self.browser.loaded = False
        self.value("document.querySelector('.differs a').click()")
        self.browser.wait_until_loaded()
        records = self.differing()
        assert records[0][:2] == ["epoll_event", "differs"] and records[0][2] > 0, records

    def test_pages_are_complete_without_scripts(self):
        self.browser.call("Emulation.setScriptExecutionDisabled", value=True)
        try:
            self.open("record-epoll_event.html")
            hidden = "getComputedStyle(document.getElementById('search')).display"
            assert self.value(hidden) == "none"
            assert self.value("document.querySelectorAll('article svg').length") > 2
            self.open("compare.html")
            assert "needs JavaScript" in self.value("document.body.innerText")
        finally:
            self.browser.call("Emulation.setScriptExecutionDisabled", value=False)


def main():
    site, program, shots, *axe = sys.argv[1:]
    axe = pathlib.Path(axe[0]).read_text("utf-8") if axe else None
    browser = Browser(program)
    passed, failed = 0, []
    try:
        print("browser:", browser.call("Browser.getVersion")["product"], flush=True)
        tests = Tests(browser, site, shots, axe)
        for name in [name for name in dir(tests) if name.startswith("test_")]:
            if "accessible" in name and axe is None:
                print(f"mio test not run: browser.py: {name}: there is no axe-core", flush=True)
                passed += 1
                continue
            began = time.monotonic()
            try:
                getattr(tests, name)()
                passed += 1
                print(f"test {name} ... ok, {time.monotonic() - began:.1f} s", flush=True)
            except Exception:  # the other tests run all the same
                failed.append(name)
                print(f"test {name} ... FAILED\n{traceback.format_exc()}", flush=True)
    finally:
        browser.close()
    word = "FAILED" if failed else "ok"
    print(f"test result: {word}. {passed} passed; {len(failed)} failed; 0 ignored")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
