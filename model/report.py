"""A report on a model: sections of text, tables and figures. As JSON it lies in an atlas; as one page it is read.

Everything is shown as text or as an image: whoever wrote the report, nothing in it can run code in a browser.
"""

import base64
import dataclasses
import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Theme = Literal["light", "dark"]
MEDIA = ("image/svg+xml", "image/png")
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff; margin: 0 auto; max-width: 76rem;
  padding: 1rem 2rem }
h1 { font-size: 1.7rem } h2 { border-top: 1px solid #ccc; padding-top: 1rem; margin-top: 2.5rem; font-size: 1.25rem }
nav ol { columns: 2 } a { color: #0b5394 } p { max-width: 60rem }
figure { margin: 1.2rem 0 } figure img { max-width: 100%; height: auto; display: block }
figure.pixels img { background: #000 }
figcaption, .caption { color: #444; font-size: 13px; max-width: 60rem; padding: .3rem 0; margin: 0 }
.scroll { overflow-x: auto; margin: 1.2rem 0 }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .5rem; text-align: right; border-bottom: 1px solid #e3e3e3; white-space: nowrap }
.facts td { text-align: left }
th { vertical-align: bottom; border-bottom: 2px solid #888; white-space: normal }
th:first-child, td:first-child { text-align: left }
.words { text-align: left }
.paper { background: #eef3f8 } .missing { border-left: 4px solid #b35900; padding-left: .8rem; background: #fff6ec }
[data-theme="dark"] { color-scheme: dark } [data-theme="dark"] body { color: #e9ecf2; background: #101218 }
[data-theme="dark"] a { color: #a3b3ff } [data-theme="dark"] :is(figcaption, .caption) { color: #a4acba }
[data-theme="dark"] :is(h2, th, td) { border-color: #2a2f3b } [data-theme="dark"] .paper { background: #1b2230 }
[data-theme="dark"] .missing { background: #2a2018 } [data-theme="dark"] figure:not(.pixels) img { background: #fff }
"""


@dataclass(frozen=True)
class Table:
    """Cells are text, ready to be read; the numbers in full are in the CSV called `name`, where there is one, else ""."""

    name: str
    caption: str
    columns: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Figure:
    """An image: `data` is base64 of an SVG or a PNG, as `media` says; `alt` says what is to be seen in it."""

    name: str
    caption: str
    alt: str
    media: str
    data: str


@dataclass(frozen=True)
class Section:
    """`text`: how it was computed; `missing`: what is left out, and why."""

    key: str
    title: str
    text: list[str]
    tables: list[Table]
    figures: list[Figure]
    missing: list[str]


@dataclass(frozen=True)
class Report:
    """`facts`: name and value of what the whole rests on."""

    title: str
    facts: list[list[str]]
    sections: list[Section]


def to_json(report: Report) -> str:
    """The report as JSON; `from_json` reads it."""
    return json.dumps(dataclasses.asdict(report), ensure_ascii=False)


def from_json(text: str) -> Report:
    """What `to_json` wrote. ValueError for an image of another kind than MEDIA."""
    report = json.loads(text)
    sections = [
        Section(
            **section
            | {
                "tables": [Table(**table) for table in section["tables"]],
                "figures": [Figure(**figure) for figure in section["figures"]],
            }
        )
        for section in report["sections"]
    ]
    for figure in (figure for section in sections for figure in section.figures):
        if figure.media not in MEDIA:
            raise ValueError(f"figure {figure.name}: media {figure.media!r}; only {', '.join(MEDIA)} can be shown")
        base64.b64decode(figure.data, validate=True)
    return Report(report["title"], report["facts"], sections)


def to_page(report: Report, links: Sequence[tuple[str, str]] = (), theme: Theme = "light") -> str:
    """One self-contained HTML page, without a script, that asks nobody for anything; `links` (address, words) come first.

    Figures keep their white ground in a dark theme: they are drawn for paper.
    """
    escape = html.escape
    contents = "".join(f'<li><a href="#{escape(s.key)}">{escape(s.title)}</a></li>' for s in report.sections)
    facts = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in report.facts)
    return (
        f'<!doctype html>\n<html lang="en" data-theme="{theme}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report.title)}</title><style>{STYLE}</style></head><body>"
        f'{_links(links)}<h1>{escape(report.title)}</h1><table class="facts">{facts}</table><nav><ol>{contents}</ol></nav>'
        + "\n".join(map(_section, report.sections))
        + "</body></html>\n"
    )


def _links(links: Sequence[tuple[str, str]]) -> str:
    return " · ".join(f'<a href="{html.escape(address)}">{html.escape(words)}</a>' for address, words in links)


def _section(section: Section) -> str:
    parts = [f'<section id="{html.escape(section.key)}"><h2>{html.escape(section.title)}</h2>']
    parts += [f"<p>{html.escape(text)}</p>" for text in section.text]
    parts += [f'<p class="missing">{html.escape(text)}</p>' for text in section.missing]
    parts += map(_figure, section.figures)
    parts += map(_table, section.tables)
    return "\n".join(parts) + "</section>"


def _figure(figure: Figure) -> str:
    kind = ' class="pixels"' if figure.media == "image/png" else ""
    return (
        f'<figure{kind}><img src="data:{figure.media};base64,{figure.data}" alt="{html.escape(figure.alt)}">'
        f"<figcaption>{html.escape(figure.caption)}</figcaption></figure>"
    )


def _table(table: Table) -> str:
    columns = zip(*table.rows, strict=True) if table.rows else ([] for _ in table.columns)
    kinds = [
        "paper" if name.startswith("paper") else "words" if all(map(_is_words, filter(None, column))) else ""
        for name, column in zip(table.columns, columns, strict=True)
    ]
    classes = [f' class="{kind}"' if kind else "" for kind in kinds]
    head = "".join(f"<th{kind}>{html.escape(name)}</th>" for kind, name in zip(classes, table.columns, strict=True))
    rows = (
        "".join(f"<td{kind}>{html.escape(value)}</td>" for kind, value in zip(classes, row, strict=True)) for row in table.rows
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    csv = f" ({html.escape(table.name)}.csv)" if table.name else ""
    return (
        f'<div class="scroll"><p class="caption">{html.escape(table.caption)}{csv}</p><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _is_words(value: str) -> bool:
    """Whether a cell is read, not compared: it has a word in it."""
    return re.search("[A-Za-z]{3}", value) is not None
