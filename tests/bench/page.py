# SPDX-License-Identifier: LGPL-2.1-or-later
"""A page of HTML that needs nothing else: no scripts, no fonts, no pictures from elsewhere."""

import html

STYLE = """
body { max-width: 64em; margin: 2em auto; padding: 0 1em; background: #fff; color: #1a1a1a;
       font: 16px/1.5 Georgia, "Times New Roman", serif; }
h1, h2, h3, table, svg, nav, figcaption { font-family: system-ui, sans-serif; }
h1 { font-size: 1.7em; } h2 { font-size: 1.3em; margin-top: 2.5em; border-bottom: 1px solid #bbb; }
h3 { font-size: 1.05em; margin-top: 2em; }
pre { background: #f4f4f4; padding: .6em .8em; overflow-x: auto; font-size: 13px; }
figure { margin: 1.5em 0; } figcaption { font-size: 13px; color: #444; }
svg { width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: .15em .6em; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { border-bottom: 1px solid #1a1a1a; vertical-align: bottom; }
tbody th { text-align: left; padding-top: .8em; border-bottom: 1px solid #ccc; }
.ours td:first-child { font-weight: bold; } .left td, .left th { text-align: left; }
td.missed { background: #f6e3d8; }
"""


def escape(text):
    return html.escape(str(text))


def tag(name, content="", **attributes):
    """content is HTML; attributes are texts, class_ stands for class."""
    shown = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
                    for key, value in attributes.items() if value != "")
    return f"<{name}{shown}>{content}</{name}>"


def paragraph(text):
    return tag("p", escape(text)) + "\n"


def heading(level, text, anchor=""):
    return tag(f"h{level}", escape(text), id=anchor) + "\n"


def command(words):
    """How a reader gets the same."""
    return tag("pre", tag("code", escape(" ".join(words)))) + "\n"


def figure(svg, caption):
    return tag("figure", svg + tag("figcaption", escape(caption))) + "\n"


class Cell(str):
    """A text with a class of its own, and what is shown when one points at it."""

    def __new__(cls, text, class_="", title=""):
        cell = super().__new__(cls, text)
        cell.class_, cell.title = class_, title
        return cell


def row(cells, class_=""):
    shown = "".join(tag("td", escape(cell), class_=getattr(cell, "class_", ""),
                        title=getattr(cell, "title", "")) for cell in cells)
    return tag("tr", shown, class_=class_) + "\n"


def table(titles, groups, class_=""):
    """groups: (heading or "", [(cells, class)])."""
    head = tag("thead", tag("tr", "".join(tag("th", escape(title), scope="col")
                                          for title in titles)))
    bodies = []
    for title, rows in groups:
        first = tag("tr", tag("th", escape(title), colspan=len(titles), scope="rowgroup"))
        bodies.append(tag("tbody", (first + "\n" if title else "")
                          + "".join(row(cells, kind) for cells, kind in rows)))
    return tag("div", tag("table", head + "\n" + "\n".join(bodies), class_=class_),
               class_="wide") + "\n"


def page(title, sections):
    """sections: (anchor, heading, HTML); the first has neither."""
    links = " · ".join(tag("a", escape(name), href=f"#{anchor}")
                       for anchor, name, _ in sections if anchor)
    body = [heading(1, title), tag("nav", links) + "\n"]
    for anchor, name, content in sections:
        body.append((heading(2, name, anchor) if anchor else "") + content)
    head = (tag("title", escape(title)) + '\n<meta name="viewport" '
            'content="width=device-width, initial-scale=1">\n' + tag("style", STYLE))
    return (f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{head}\n</head>\n'
            f'<body>\n{"".join(body)}</body>\n</html>\n')
