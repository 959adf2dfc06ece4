"""What pictures of many results are drawn with: points that name themselves, lines of degrees, the frame.

Inline SVG: it needs no script and prints sharply; every point says on hovering what it is, and leads to its page.
"""

from collections.abc import Iterable

from markupsafe import Markup, escape

from hipcv.outputs.figures import Scale

WIDTH, LEFT, RIGHT = 760.0, 64.0, 16.0
TOP, BOTTOM = 26.0, 40.0


def around(values: Iterable[float], least: float) -> tuple[float, float]:
    """Return limits with some room around values, at least so far apart.

    Examples
    --------
    >>> around([30.0, 40.0], least=4.0), around([30.0], least=4.0)
    ((29.4, 40.6), (28.0, 32.0))
    """
    low, high = min(values := list(values)), max(values)
    room = max(0.06 * (high - low), (least - (high - low)) / 2)
    return low - room, high + room


def signed(value: float) -> str:
    """Return degrees with one digit and a true minus sign.

    Examples
    --------
    >>> signed(-1.25), signed(3.0)
    ('−1.2', '3.0')
    """
    return f"{value:.1f}".replace("-", "\N{MINUS SIGN}")


def degree_lines(axis: Scale, top: float, bottom: float) -> str:
    """Return a line and a number for each tick of the axis of degrees, from `top` to `bottom`.

    Examples
    --------
    >>> degree_lines(Scale(0.0, 10.0, 0.0, 100.0), 0.0, 50.0).count("<line")
    6
    """
    return "".join(
        f'<line class="grid" x1="{axis(tick):.1f}" x2="{axis(tick):.1f}" y1="{top}" y2="{bottom}"/>'
        f'<text class="tick" x="{axis(tick):.1f}" y="{bottom + 16:.0f}" text-anchor="middle">{tick:g}°</text>'
        for tick in axis.ticks()
    )


def point(x: float, y: float, side: str, told: str, page: str | None) -> str:
    """Return the point of one result, which says what it is and leads to `page` where there is one.

    Examples
    --------
    >>> point(1.0, 2.0, "left", "<Anna>: 35°", None)
    '<circle class="left" cx="1.0" cy="2.0" r="4"><title>&lt;Anna&gt;: 35°</title></circle>'
    """
    kind, words = escape(side or "pair"), escape(told)
    point = f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{words}</title></circle>'
    return point if page is None else f'<a href="{escape(page)}">{point}</a>'


def svg(parts: Iterable[str], height: float, title: str, what: str) -> Markup:
    """Return the whole picture; all text in `parts` is escaped already.

    Examples
    --------
    >>> svg([], 100.0, "End ranges", "degrees")[:56]
    Markup('<svg viewBox="0 0 760 100" role="img" aria-label="End ra')
    """
    axis = f'<text class="label" x="{WIDTH / 2:.0f}" y="{height - 4:.0f}" text-anchor="middle">{escape(what)}</text>'
    head = f'<svg viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img" aria-label="{escape(title)}">'
    return Markup(head + "".join(parts) + axis + "</svg>")  # noqa: S704
