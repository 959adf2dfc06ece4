"""What pictures of many results are drawn with: points that name themselves, lines of degrees, the frame.

Inline SVG: it needs no script and prints sharply; every point says on hovering what it is, and leads to its page.
"""

from collections.abc import Iterable

from markupsafe import Markup, escape

from hipcv.outputs.figures import Scale

WIDTH, LEFT, RIGHT = 760.0, 64.0, 16.0
TOP, BOTTOM = 26.0, 40.0


def around(values: Iterable[float], least: float) -> tuple[float, float]:
    """Return limits with some room around values, at least so far apart."""
    low, high = min(values := list(values)), max(values)
    room = max(0.06 * (high - low), (least - (high - low)) / 2)
    return low - room, high + room


def signed(value: float) -> str:
    """Return degrees with one digit and a true minus sign."""
    return f"{value:.1f}".replace("-", "\N{MINUS SIGN}")


def degree_lines(axis: Scale, top: float, bottom: float) -> str:
    """Return a line and a number for each tick of the axis of degrees, from `top` to `bottom`."""
    return "".join(
        f'<line class="grid" x1="{axis(tick):.1f}" x2="{axis(tick):.1f}" y1="{top}" y2="{bottom}"/>'
        f'<text class="tick" x="{axis(tick):.1f}" y="{bottom + 16:.0f}" text-anchor="middle">{tick:g}°</text>'
        for tick in axis.ticks()
    )


def point(x: float, y: float, side: str, told: str, page: str | None) -> str:
    """Return the point of one result, which says what it is and leads to `page` where there is one."""
    kind, words = escape(side or "pair"), escape(told)
    point = f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4"><title>{words}</title></circle>'
    return point if page is None else f'<a href="{escape(page)}">{point}</a>'


def svg(parts: Iterable[str], height: float, title: str, what: str) -> Markup:
    """Return the whole picture; all text in `parts` is escaped already."""
    axis = f'<text class="label" x="{WIDTH / 2:.0f}" y="{height - 4:.0f}" text-anchor="middle">{escape(what)}</text>'
    head = f'<svg viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img" aria-label="{escape(title)}">'
    return Markup(head + "".join(parts) + axis + "</svg>")  # noqa: S704
