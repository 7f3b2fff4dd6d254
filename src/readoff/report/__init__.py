"""The report: one self-contained HTML file, built only from what the ledger holds.

>>> from readoff.report.data import ReportData
>>> from readoff.report.page import render
>>> page = render(ReportData(claims=[{"id": "pairs/facts", "verdict": "HOLDS"}]))
>>> "1 of 1 claim holds" in page
True

`data` says what goes in, `views` turns records into words, `figures` turns exhibits into pictures (cells as HTML
tables, axes as static SVG), `page` puts them on one page. Equal input gives equal bytes.
"""
