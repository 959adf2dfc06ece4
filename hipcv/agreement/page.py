"""An agreement study as a page, and what every page about many results is made with."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from hipcv.agreement.figures import draw_bland_altman
from hipcv.agreement.study import Study
from hipcv.core.procedures import PROCEDURES
from hipcv.version import __version__
from hipcv.words import Measure

#: What a test is called on a page.
TESTS = {procedure.name: f"{procedure.label} test" for procedure in PROCEDURES}
_DATA = files("hipcv.agreement").joinpath("data")


def render_agreement(study: Study) -> str:
    """Return the page of one agreement study as one HTML file that needs no network.

    Examples
    --------
    >>> from hipcv.agreement.study import Pair, study_agreement
    >>> page = render_agreement(study_agreement("hipcv", "goniometer", [Pair("a", 31.0, 30.0), Pair("b", 36.0, 37.0)]))
    >>> page[:15], "<script" in page
    ('<!doctype html>', False)
    """
    return open_page(_DATA.joinpath("agreement.html")).render(study=study, plots=draw_study(study), version=__version__)


def draw_study(study: Study) -> list[tuple[str, Markup]]:
    """Return the plots of a study with their titles: for each measure one of each test, or of all if it is only one.

    Examples
    --------
    >>> from hipcv.agreement.study import Pair, study_agreement
    >>> pairs = [Pair("a", 31.0, 30.0), Pair("b", 36.0, 37.0)]
    >>> [title for title, drawn in draw_study(study_agreement("hipcv", "goniometer", pairs))]
    ['All pairs']
    """
    tests = [test for test in TESTS if any(group.test == test for group in study.groups)]
    wanted = [(test, TESTS[test]) for test in tests] if len(tests) > 1 else [("", "All pairs")]
    measures = dict.fromkeys(group.measure for group in study.groups)
    told = {measure: f", {Measure(measure).label}" if len(measures) > 1 and measure else "" for measure in measures}
    return [
        (f"{title}{told[measure]}", drawn)
        for measure in measures
        for test, title in wanted
        if (drawn := draw_bland_altman(study, test, measure))
    ]


def open_page(source: Traversable) -> Template:
    """Return a template of a page: `style` is the pages' own, `agreement_table` draws a study, `deg` writes degrees.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from pathlib import Path
    >>> with TemporaryDirectory() as folder:
    ...     n = Path(folder, "page.html").write_text("{{ value | deg }}°")
    ...     page = open_page(Path(folder, "page.html"))
    >>> page.render(value=-1.25), page.render(value=None)
    ('−1.2°', '–°')
    """
    return _environment().from_string(source.read_text("utf-8"))


@cache
def _environment() -> Environment:
    # names of people and files stand on the page: everything is escaped unless it says that it is safe
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["deg"] = _deg
    environment.globals["style"] = _DATA.joinpath("page.css").read_text("utf-8")
    environment.globals["agreement_table"] = environment.from_string(
        _DATA.joinpath("agreement_table.html").read_text("utf-8")
    ).module.agreement_table  # type: ignore[attr-defined]
    return environment


def _deg(value: float | None) -> str:
    return "–" if value is None or value != value else f"{value:.1f}".replace("-", "\N{MINUS SIGN}")
