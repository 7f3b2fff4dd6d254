"""The page: the same bytes every time, nothing unescaped, nothing fetched, nothing left out, within its size."""

import hashlib
import os
import re
import subprocess
import sys
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
import report_sample

from readoff.report import figures
from readoff.report.data import ReportData
from readoff.report.page import PAGE_LIMIT, render, write

VOID = {"meta", "img", "br", "input"}


class Page(HTMLParser):
    """Tags with their attributes, checked for balance; text outside script and style."""

    def __init__(self, text: str) -> None:
        HTMLParser.__init__(self)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("script", "style"):
            self.text.append(data)


@pytest.fixture(scope="module")
def text() -> str:
    return render(report_sample.sample())


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


def test_equal_input_gives_equal_bytes_in_other_processes_and_hash_seeds(text):
    code = "import report_sample, sys; from readoff.report.page import render; "
    code += "sys.stdout.buffer.write(render(report_sample.sample()).encode())"
    here = str(Path(__file__).parent)
    for seed in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": here, "TZ": f"UTC+{seed}", "COLUMNS": seed}
        out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True).stdout
        assert hashlib.sha256(out).hexdigest() == hashlib.sha256(text.encode()).hexdigest()


def test_the_page_is_well_formed_and_every_link_leads_somewhere(page):
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links
    assert {link[1:] for link in links} <= set(ids)


def test_nothing_is_fetched(page, text):
    for tag, attrs in page.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form")
        assert attrs.get("src", "data:").startswith("data:")
        assert attrs.get("xlink:href", "#").startswith("#")
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)
    policy = next(attrs["content"] for tag, attrs in page.tags if attrs.get("http-equiv"))
    assert policy.startswith("default-src 'none'")


def test_all_of_the_words_are_on_the_page(page):
    shown = " ".join(" ".join(page.text).split())
    for claim in report_sample.claims():
        assert claim["id"] in shown
        assert claim["says"] in shown
        assert claim["reason"] in shown
        for control in claim["controls"]:
            assert control["name"] in shown
    for statement in report_sample.statements():
        assert statement["says"] in shown
    for exhibit in report_sample.exhibits():
        assert exhibit["title"] in shown
    assert "could not be drawn" not in shown


def test_the_verdict_table_comes_first_and_says_it_in_words_and_symbols(page, text):
    assert text.index('id="verdicts"') < text.index('id="error-rate"') < text.index('id="study-pairs"')
    shown = " ".join(" ".join(page.text).split())
    for symbol, word in zip("✓✗?∅○!", ("HOLDS", "FAILS", "UNDECIDED", "VACUOUS", "UNCONTROLLED", "ERROR")):
        assert f"{symbol} {word}" in shown
    assert "62 of 64" in shown
    assert "0.9688 [0.9047, 1]" in shown


def hostile(value):
    """The same record with every text made hostile; ids, kinds and known words are kept."""
    words = {"HOLDS", "fail", "hold", "Seeds", "trained", "zoo", "possible", "impossible", "unknown", "learned"}
    if isinstance(value, str) and value not in words:
        return report_sample.HOSTILE + value
    if isinstance(value, dict):
        kept = ("kind", "axis", "claim_id")
        return {k if k.isidentifier() else hostile(k): v if k in kept else hostile(v) for k, v in value.items()}
    return [hostile(v) for v in value] if isinstance(value, list) else value


def test_hostile_text_stays_text():
    data = report_sample.sample()
    bad = ReportData(
        *(hostile(list(part)) for part in (data.claims, data.statements, data.exhibits)), hostile(data.meta)
    )
    bad = replace(bad, meta={**bad.meta, "claims": []})
    text = render(bad)
    page = Page(text)
    assert page.open == []
    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "alert(" not in "".join(re.findall(r"<script>(.*?)</script>", text, re.DOTALL))
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert "could not be drawn" not in text
    assert "漢字" in "".join(page.text)


def test_an_empty_ledger_gives_a_page_that_says_so():
    shown = " ".join(Page(render(ReportData([]))).text)
    assert "0 of 0 claims hold" in shown
    assert "The ledger holds no verdict yet" in shown


def test_a_record_with_only_an_id_is_an_error_and_is_shown():
    shown = " ".join(Page(render(ReportData([{"id": "a/b"}]))).text)
    assert "! ERROR" in " ".join(shown.split())
    assert "No reason is recorded." in shown


def test_exhibits_of_unknown_claims_and_broken_ones_stay_on_the_page():
    table = {"columns": ["only column"], "rows": [["only cell"]]}
    exhibits = [
        {"claim_id": "gone/claim", "id": "x", "kind": "table", "title": "Orphan", "caption": "", "data": table},
        {"claim_id": "a/b", "id": "y", "kind": "pie", "title": "Pie", "caption": "", "data": {"slices": 3}},
    ]
    shown = " ".join(Page(render(ReportData([{"id": "a/b"}], exhibits=exhibits))).text)
    for words in ("Orphan", "only cell", "Pie", "no exhibit is of kind 'pie'", "slices"):
        assert words in shown


def test_figures_and_page_stay_within_their_limits(text):
    for found in re.findall(r"<figure.*?</figure>", text, re.DOTALL):
        assert len(found.encode()) <= figures.FIGURE_LIMIT
    assert len(text.encode()) < 300_000


def test_a_hundred_large_figures_share_the_page_limit():
    exhibits = [{**report_sample.exhibits()[1], "id": str(i)} for i in range(3)]
    many = ReportData(report_sample.claims(), exhibits=exhibits * 67)
    limit = PAGE_LIMIT * 4 // 5 // len(many.exhibits)
    small = figures.figure(exhibits[0], "f", limit)
    assert len(small.svg.encode()) <= limit


def test_writing_replaces_the_file_whole(tmp_path):
    path = tmp_path / "report.html"
    path.write_text("old")
    size = write(ReportData([]), path)
    assert path.stat().st_size == size
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_a_second_report_takes_seconds(text):
    start = time.process_time()
    render(report_sample.sample())
    assert time.process_time() - start < 8


def test_importing_the_report_and_its_command_loads_no_chart_library():
    code = "import sys, readoff.report.page, readoff.report.ledger, readoff.report.png, readoff.cli.report; "
    code += "print(sorted({'altair', 'vl_convert', 'jinja2', 'jax', 'scipy', 'xarray'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
