"""The page in headless Chromium: scripts on and off, no console message, no request."""

import re
import shutil
import socket
import subprocess
import threading

import pytest
import report_sample

from readoff.report.page import render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; CI installs it")

QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    *("--enable-logging=stderr", "--v=0", "--virtual-time-budget=2000"),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render(report_sample.sample()), encoding="utf-8")
    return path


def chromium(tmp_path, address: str, *flags: str) -> subprocess.CompletedProcess:
    command = [str(CHROMIUM), *QUIET, f"--user-data-dir={tmp_path / 'profile'}", *flags, address]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


OWN = re.compile(rb"[\w.-]*(google|gstatic)[\w.-]*\.(com|net)")
"""Whom Chromium asks for itself, whatever the page; the page must not name them."""


def visible(dom: str) -> str:
    body = re.sub(r"<(script|style).*?</\1>", "", dom, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", body).split())


def test_with_scripts_the_table_can_be_filtered_and_the_console_is_silent(page, tmp_path):
    done = chromium(tmp_path, page.as_uri(), "--dump-dom")
    assert "CONSOLE" not in done.stderr
    assert 'class="filters"' in done.stdout
    assert done.stdout.count("<select") == 2
    assert "HOLDS" in visible(done.stdout)


def test_without_scripts_everything_but_the_filters_is_there(page, tmp_path):
    """Chromium's own switch stops its command line too, so the page's policy forbids scripts instead."""
    stricter = page.with_name("stricter.html")
    text = page.read_text(encoding="utf-8")
    stricter.write_text(re.sub(r"script-src 'sha256-[^']*'", "script-src 'none'", text), encoding="utf-8")
    dom = chromium(tmp_path, stricter.as_uri(), "--dump-dom").stdout
    assert 'class="filters"' not in dom
    words = visible(dom)
    for claim in report_sample.claims():
        assert claim["says"] in words
    assert dom.count("<svg") == 4


def test_the_page_makes_no_request(page, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        asked: list[bytes] = []

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                asked.append(connection.recv(200))
                connection.close()

        threading.Thread(target=listen, daemon=True).start()
        proxy = f"--proxy-server=http://127.0.0.1:{server.getsockname()[1]}"
        control = page.with_name("control.html")
        control.write_text('<img src="http://example.invalid/x.png">')
        chromium(tmp_path / "a", control.as_uri(), proxy, "--dump-dom")
        assert any(b"example.invalid" in line for line in asked), "the proxy sees what a page asks for"
        asked.clear()
        chromium(tmp_path / "b", page.as_uri(), proxy, "--dump-dom")
        server.shutdown(socket.SHUT_RDWR)
    assert [line for line in asked if not OWN.search(line)] == []
    assert not OWN.search(page.read_bytes())


def probed(page, name: str, script: str):
    """The page with a script of ours at its end, which the policy would otherwise forbid."""
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page.read_text(encoding="utf-8"))
    path = page.with_name(name)
    path.write_text(text.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("size", ["1440,900", "1200,900", "400,900"])
def test_nothing_is_wider_than_the_window(page, tmp_path, size):
    measure = "document.title = document.documentElement.scrollWidth + ' of ' + innerWidth"
    dom = chromium(tmp_path, probed(page, "wide.html", measure), "--dump-dom", f"--window-size={size}").stdout
    width, window = map(int, re.findall(r"<title>(\d+) of (\d+)</title>", dom)[0])
    assert width <= window


def test_the_table_filters_and_hides_empty_questions(page, tmp_path):
    script = """
    const rows = () => [...document.querySelectorAll(".verdicts tbody:not([hidden]) tr[data-verdict]:not([hidden])")];
    const questions = () => document.querySelectorAll(".verdicts tbody:not([hidden])").length;
    const pick = document.querySelector(".filters select");
    pick.value = "HOLDS"; pick.dispatchEvent(new Event("input"));
    const held = rows().length;
    pick.value = ""; pick.dispatchEvent(new Event("input"));
    const find = document.querySelector(".filters input");
    find.value = "shuffled pairs"; find.dispatchEvent(new Event("input"));
    const found = rows().length, asked = questions();
    find.value = ""; find.dispatchEvent(new Event("input"));
    document.title = [held, found, asked, rows().length].join(" ");
    """
    dom = chromium(tmp_path, probed(page, "sorted.html", script), "--dump-dom").stdout
    claims = report_sample.claims()
    held = sum(claim["verdict"] == "HOLDS" for claim in claims)
    assert f"<title>{held} 1 1 {len(claims)}</title>" in dom
