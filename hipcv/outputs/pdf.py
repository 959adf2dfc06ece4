"""The report as a PDF: what a browser prints, without one. WeasyPrint makes it, and it needs Pango on the machine."""

import logging
import re
from typing import Any

from hipcv.outputs.extras import Extra
from hipcv.words import Paper

#: Pages are numbered; the sheet is the one that was asked for.
_PAGE = """@page {{ size: {paper}; margin: 15mm 15mm 17mm;
  @bottom-left {{ content: "It informs; it does not diagnose."; font: 8pt sans-serif; color: #5a6672; }}
  @bottom-right {{ content: counter(page) " / " counter(pages); font: 8pt sans-serif; color: #5a6672; }} }}
html {{ font-family: sans-serif; }}"""


def render_pdf(report: str, paper: Paper = Paper.A4) -> bytes:
    """Return a report (`render_report`) as a PDF on sheets of one size.

    Nothing is fetched: pictures lie in the report itself.

    Raises
    ------
    OutputError
        Where the extra `pdf` is not installed, or Pango is not on the machine.
    """
    made: bytes = _open(report).write_pdf(stylesheets=[_sheet(paper)])
    return made


def lay_out(report: str, paper: Paper = Paper.A4) -> Any:
    """Return the laid-out pages of a report, WeasyPrint's own document. Errors as in `render_pdf`."""
    return _open(report).render(stylesheets=[_sheet(paper)])


def _weasyprint() -> Any:
    Extra.PDF.need()
    import weasyprint

    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # what a page needs on screens alone is no fault
    return weasyprint


def _sheet(paper: Paper) -> Any:
    return _weasyprint().CSS(string=_PAGE.format(paper=paper))


def _open(report: str) -> Any:
    weasyprint = _weasyprint()
    within = weasyprint.urls.URLFetcher(allowed_protocols=["data"])  # a report holds all that it shows
    return weasyprint.HTML(string=style_drawings(report), url_fetcher=within)


def style_drawings(report: str) -> str:
    """Return a report whose drawings carry their own style: WeasyPrint gives a drawing none of the page's.

    Examples
    --------
    >>> page = "<style>:root { --ink: #123; } .mark { fill: var(--ink); }</style><svg><rect class='mark'/></svg>"
    >>> style_drawings(page).partition("</style>")[2]
    "<svg><style>.mark { fill: #123; }</style><rect class='mark'/></svg>"
    """
    sheet = "".join(re.findall(r"<style>(.*?)</style>", report, re.DOTALL))
    plain = re.sub(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", sheet)  # screens' and papers' own
    values = dict(re.findall(r"--([\w-]+):\s*([^;}]+)", plain))
    rules = []
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", plain):
        if re.search(r"\b(fill|stroke|opacity|mine)\b", body):
            body = re.sub(r"--mine:", "fill:", body).replace("fill: var(--mine);", "")
            body = re.sub(r"var\(--([\w-]+)\)", lambda name: values.get(name[1], "none"), body)
            body = re.sub(r"\bfont:\s*(?:\d+ )?(\d+)px[^;]*", r"font-size: \1px", body)
            rules.append(f"{selectors.replace('.drawing ', '').strip()} {{{body}}}")
    own = f"<style>{' '.join(rules)}</style>"
    return re.sub(r"(<svg\b[^>]*>)", lambda opened: opened[1] + own, report)
