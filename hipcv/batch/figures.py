"""Pictures of many results: distributions against the reference ranges, and Bland-Altman plots."""

import html
from collections import Counter
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from hipcv.batch.results import MEASURED, Row
from hipcv.batch.study import Study
from hipcv.evidence.reference import all_references

#: Readable on a light and on a dark page, and apart for people who do not see red and green.
_COLOURS = {"left": "#3b82c4", "right": "#d97706"}
_GREY, _BAND = "#808890", "rgba(80,160,120,0.18)"
_HEIGHT_PX = 380


def plotly_script() -> str:
    """Return the plotting library itself, so that a page needs no network."""
    script: str = get_plotlyjs()
    return script


def draw_distribution(rows: Sequence[Row], test: str) -> str | None:
    """Return the end ranges of one test by side with the most used reference range as a band; None without any."""
    measured = [row for row in rows if row["status"] == MEASURED and row["test"] == test]
    if not measured:
        return None
    figure = go.Figure()
    for side, colour in _COLOURS.items():
        mine = [row for row in measured if row["side"] == side]
        figure.add_trace(
            go.Box(
                y=[row["end_range_deg"] for row in mine],
                name=f"{side} (n = {len(mine)})",
                text=[_hover(row) for row in mine],
                hovertemplate="%{text}<br>%{y:.1f}°<extra></extra>",
                boxpoints="all",
                jitter=0.5,
                pointpos=0,
                marker={"color": colour, "size": 6, "opacity": 0.75},
                line={"width": 1.5},
                fillcolor="rgba(128,136,144,0.12)",
            )
        )
    band = _usual_range(measured)
    if band is not None:
        label, low_deg, high_deg = band
        figure.add_hrect(y0=low_deg, y1=high_deg, fillcolor=_BAND, line_width=0, layer="below")
        figure.add_annotation(
            text=html.escape(label), x=0, xref="paper", xanchor="left", y=high_deg, yanchor="bottom", showarrow=False
        )
    figure.update_yaxes(title="internal rotation at end range (°)")
    return _render(figure, showlegend=False)


def _hover(row: Row) -> str:
    parts = (row["subject"], row["clip"], row["visit_date"])
    return "<br>".join(html.escape(part) for part in parts if part)


def _usual_range(rows: Sequence[Row]) -> tuple[str, float, float] | None:
    """Return label and limits of the reference range that fits most of the rows."""
    used = Counter(row["reference_id"] for row in rows if row.get("reference_low_deg") is not None)
    if not used:
        return None
    name = used.most_common(1)[0][0]
    row = next(row for row in rows if row["reference_id"] == name)
    label = next((reference.label for reference in all_references() if reference.id == name), name)
    return label, row["reference_low_deg"], row["reference_high_deg"]


def draw_bland_altman(study: Study, test: str = "") -> str | None:
    """Return differences against means with bias and 95 % limits of agreement; None for fewer than two pairs."""
    group = next((g for g in study.groups if g.test == test and not g.sex), None)
    pairs = [pair for pair in study.pairs if pair.complete and test in ("", pair.test)]
    if group is None or len(pairs) < 2:
        return None
    figure = go.Figure()
    for side in dict.fromkeys(pair.side for pair in pairs):
        mine = [pair for pair in pairs if pair.side == side]
        figure.add_trace(
            go.Scatter(
                x=[(pair.first_deg + pair.second_deg) / 2 for pair in mine],
                y=[pair.first_deg - pair.second_deg for pair in mine],
                mode="markers",
                name=side or "pairs",
                text=[html.escape(", ".join(part for part in (pair.subject, pair.label) if part)) for pair in mine],
                hovertemplate="%{text}<br>mean %{x:.1f}°, difference %{y:.1f}°<extra></extra>",
                marker={"color": _COLOURS.get(side, _GREY), "size": 7, "opacity": 0.75},
            )
        )
    limits = group.bland_altman
    for value, ci95, label in (
        (limits.upper_limit, limits.upper_limit_ci95, "upper limit"),
        (limits.bias, limits.bias_ci95, "bias"),
        (limits.lower_limit, limits.lower_limit_ci95, "lower limit"),
    ):
        figure.add_hrect(y0=ci95[0], y1=ci95[1], fillcolor="rgba(128,136,144,0.13)", line_width=0, layer="below")
        dash = "solid" if label == "bias" else "dash"
        figure.add_hline(y=value, line={"color": _GREY, "dash": dash}, annotation_text=f"{label} {value:.1f}°")
    figure.update_xaxes(title=f"mean of {html.escape(study.first)} and {html.escape(study.second)} (°)")
    figure.update_yaxes(title=f"{html.escape(study.first)} less {html.escape(study.second)} (°)", zeroline=True)
    return _render(figure, showlegend=len({pair.side for pair in pairs}) > 1)


def _render(figure: Any, *, showlegend: bool) -> str:
    figure.update_layout(
        height=_HEIGHT_PX,
        margin={"l": 60, "r": 20, "t": 20, "b": 50},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"color": _GREY, "size": 13},
        showlegend=showlegend,
        colorway=list(_COLOURS.values()),
    )
    figure.update_xaxes(gridcolor="rgba(128,136,144,0.25)", zerolinecolor="rgba(128,136,144,0.5)")
    figure.update_yaxes(gridcolor="rgba(128,136,144,0.25)", zerolinecolor="rgba(128,136,144,0.5)")
    options = {"displaylogo": False, "responsive": True}
    drawn: str = figure.to_html(full_html=False, include_plotlyjs=False, config=options)
    return drawn
