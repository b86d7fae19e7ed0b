# SPDX-License-Identifier: LGPL-2.1-or-later
"""Charts as SVG that stands in a page: without identifiers or style sheets, readable in grey and by
whoever tells few colours apart (the colours are Okabe and Ito's), each line with its name at its
end."""

import math

from page import escape

WIDTH, HEIGHT = 900, 440
LEFT, RIGHT, TOP, BOTTOM = 70, 690, 30, 370
ZERO = BOTTOM - 12  # where 0 is, below the smallest power of ten
LABEL_STEP = 17

# Colour, width and dashes; who is like nobody else is drawn in grey.
STYLES = {
    "fair": ("#0072b2", 3.5, ""),
    "clairvoyant": ("#000000", 1.5, "2 3"),
    "hyperv": ("#d55e00", 2, ""),
    "prototype": ("#009e73", 2, "9 3"),
    "senpai": ("#a6407f", 2, "6 3 2 3"),
    "esx": ("#b07a00", 2, "3 3"),
}
OTHER = ("#777777", 1.5, "")


def style(name):
    return STYLES.get(name, OTHER)


def text(x, y, words, anchor="start", fill="#1a1a1a", **more):
    extra = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in more.items())
    return (f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}"{extra}>'
            f'{escape(words)}</text>\n')


def segment(x1, y1, x2, y2, colour, width=1.0, dashes=""):
    more = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}" '
            f'stroke-width="{width}" fill="none"{more}/>\n')


def dot(x, y, colour, filled=True):
    fill = colour if filled else "#ffffff"
    return (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{fill}" stroke="{colour}" '
            'stroke-width="1.5"/>\n')


def svg(title, height, parts):
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
            f'font-size="13">\n<title>{escape(title)}</title>\n{"".join(parts)}</svg>\n')


def spread(wanted):
    """Heights of labels, as near to the wanted ones as they can be without touching."""
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    placed = dict.fromkeys(order, 0.0)
    last = -math.inf
    for i in order:
        last = placed[i] = max(wanted[i], last + LABEL_STEP)
    last = BOTTOM + LABEL_STEP
    for i in reversed(order):
        last = placed[i] = min(placed[i], last - LABEL_STEP)
    return placed


class Scale:
    """Powers of ten upwards, and a place below them for 0."""

    def __init__(self, values, xs):
        known = [v for v in values if v > 0] or [1]
        self.low = math.floor(math.log10(min(known)))
        self.high = max(math.ceil(math.log10(max(known))), self.low + 1)
        self.xs = xs

    def y(self, value):
        if value <= 0:
            return ZERO
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return ZERO - 20 - part * (ZERO - 20 - TOP)

    def x(self, value):
        span = max(self.xs) - min(self.xs) or 1
        return LEFT + 20 + (value - min(self.xs)) / span * (RIGHT - LEFT - 40)

    def axes(self, x_title, y_title):
        parts = [segment(LEFT, BOTTOM, RIGHT, BOTTOM, "#1a1a1a")]
        ticks = [(ZERO, "0")] + [(self.y(10.0 ** k), f"{10.0 ** k:g}")
                                 for k in range(self.low, self.high + 1)]
        for y, words in ticks:
            parts += [segment(LEFT, y, RIGHT, y, "#dddddd"), text(LEFT - 8, y + 4, words, "end")]
        for value in self.xs:
            parts += [segment(self.x(value), BOTTOM, self.x(value), BOTTOM + 5, "#1a1a1a"),
                      text(self.x(value), BOTTOM + 20, f"{value:g}", "middle")]
        parts.append(text((LEFT + RIGHT) / 2, BOTTOM + 44, x_title, "middle"))
        parts.append(text(LEFT, TOP - 14, y_title))
        return parts


def lines(title, x_title, y_title, series):
    """series: name -> [(x, y, whether the point is sound)]; in the order of drawing."""
    points = [point for line in series.values() for point in line]
    scale = Scale([y for _, y, _ in points], sorted({x for x, _, _ in points}))
    ends = {name: scale.y(line[-1][1]) for name, line in series.items()}
    placed = spread(list(ends.values()))
    parts = scale.axes(x_title, y_title)
    for i, (name, line) in enumerate(series.items()):
        colour, width, dashes = style(name)
        at = [(scale.x(x), scale.y(y), sound) for x, y, sound in line]
        for (x1, y1, _), (x2, y2, _) in zip(at, at[1:]):
            parts.append(segment(x1, y1, x2, y2, colour, width, dashes))
        parts += [dot(x, y, colour, sound) for x, y, sound in at]
        parts.append(segment(at[-1][0] + 6, at[-1][1], RIGHT + 12, placed[i], colour, 0.7))
        parts.append(text(RIGHT + 16, placed[i] + 4, name, fill=colour,
                          font_weight="bold" if width > 3 else "normal"))
    return svg(title, HEIGHT, parts)


def bars(title, x_title, rows):
    """rows: (name, median, worst), from the best; what is between the two is drawn thin."""
    top, step = 24, 24
    bottom = top + step * len(rows)
    most = max([1.0] + [median for _, median, _ in rows])

    def at(value):
        return 200 + value / most * 560

    parts = []
    for k in range(int(most * 5) + 1):
        parts += [segment(at(k / 5), top - 10, at(k / 5), bottom, "#dddddd"),
                  text(at(k / 5), bottom + 16, f"{k / 5:g}", "middle")]
    for i, (name, median, worst) in enumerate(rows):
        y, colour = top + step * i, style(name)[0]
        parts += [text(190, y + 4, name, "end", colour),
                  segment(at(worst), y, at(median), y, colour, 2),
                  segment(at(worst), y - 5, at(worst), y + 5, colour, 2), dot(at(median), y, colour),
                  text(at(median) + 10, y + 4, f"{median:.3f}")]
    parts.append(text(480, bottom + 38, x_title, "middle"))
    return svg(title, bottom + 50, parts)
