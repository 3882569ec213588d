"""bench/RESULTS.md and bench/results.svg, from the lines of all rows that were measured last."""
import html
import json
import os

from setting import BENCH, BUILD, compiler, machine

STORE = os.path.join(BUILD, "bench.json")
SIGN = {True: "≤", False: "≥"}


def load():
    try:
        with open(STORE) as f:
            return json.load(f)
    except FileNotFoundError:
        return {}


def save(row, isa, lines):
    """The lines of a row take the place of the former ones."""
    stored = load()
    stored[f"{row}{' ' + isa if isa else ''}"] = lines
    with open(STORE, "w") as f:
        json.dump(stored, f, indent=1)


def ordered():
    stored = load()
    return [(key, one) for key in sorted(stored, key=lambda k: (len(k.split()), int(k.split()[0]))) for one in stored[key]]


def number(x):
    return "–" if x is None else f"{x:.3g}" if x < 100 else f"{x:.0f}"


def bar(one, key):
    return "–" if one[key] is None else f"{SIGN[one['most']]} {number(one[key])}"


def text_line(key, one):
    peak = f"; peak {one['peak']:.0f} GF/s" if one["peak"] else ""
    return (f"{key:>3}  {one['work']}  |  {one['against']}  |  {one['ours']} against {one['theirs']}: {number(one['ratio'])} "
            f"(required {bar(one, 'required')}, aim {bar(one, 'aim')}): {one['verdict']}{peak}")


def details(lines):
    seen = set()
    for key, one in lines:
        if one["work"] in seen and one["row"] not in (9, 10):
            continue
        seen.add(one["work"])
        if not one.get("detail") and not one.get("missing"):
            continue
        yield f"\n### {key}: {one['work']}\n"
        others = one.get("others", 0)
        if others > 0.05:
            yield f"Other programs took up to {100 * others:.0f} % of the cores between the rounds: measure again on a quiet machine.\n"
        if one.get("detail"):
            yield "| who | version | best | median |\n|---|---|---|---|"
            yield from (f"| {d['name']} | {d['versions']} | {d['best']} | {d['median']} |" for d in one["detail"])
        yield from (f"\n- {reason}" for reason in one.get("missing", []))


def write_table():
    lines = ordered()
    text = ["# imgrad beside its peers\n",
            "Written by `bench/run`; docs/performance.md says how it is measured. Ratios are those of the medians of rounds that take "
            "turns on the same cores, against each peer's best configuration, two threads unless said.\n",
            f"{machine()}; {compiler()}.\n",
            "| # | work | against | imgrad | peer | ratio | required | aim | verdict | FMA peak, GF/s | rounds | date |",
            "|---|---|---|---|---|---|---|---|---|---|---|---|"]
    for key, one in lines:
        peak = f"{one['peak']:.0f}" if one["peak"] else "–"
        text.append(f"| {key} | {one['work']} | {one['against']} | {one['ours']} | {one['theirs']} | {number(one['ratio'])} | "
                    f"{bar(one, 'required')} | {bar(one, 'aim')} | {one['verdict']} | {peak} | {one['rounds']} | {one['date']} |")
    text += ["\n## The figures behind it", *details(lines)]
    with open(os.path.join(BENCH, "RESULTS.md"), "w") as f:
        f.write("\n".join(text) + "\n")


STYLE = """
text { font: 13px sans-serif; fill: #1f2328; } .small { font-size: 11px; fill: #59636e; }
.back { fill: #ffffff; } .bar { fill: #0969da; } .missed { fill: #bc4c00; } .one { stroke: #59636e; } .required { stroke: #1f2328; stroke-width: 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .small { fill: #9198a1; } .back { fill: #0d1117; } .bar { fill: #4493f8; } .missed { fill: #db6d28; }
  .one { stroke: #9198a1; } .required { stroke: #e6edf3; }
}"""


def write_chart():
    """A bar a line: how many times faster than the peer; a thin line at 1, a thick one at what is required."""
    lines = [(key, one) for key, one in ordered() if one["ratio"] and not one["most"] and one["row"] != 12]
    step, top, left, wide = 34, 48, 16, 880
    most = max([1.5] + [max(one["ratio"], one["required"] or 0) for _, one in lines])
    scale = (wide - 2 * left - 60) / most
    high = top + step * len(lines) + 12
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" height="{high}" role="img" '
           f'aria-label="Speed of imgrad as a multiple of its peers">', f"<style>{STYLE}</style>",
           f'<rect class="back" width="{wide}" height="{high}"/>',
           f'<text x="{left}" y="22">imgrad, times as fast as the peer’s best configuration</text>',
           f'<text class="small" x="{left}" y="38">thin line: equal; thick line: required; {html.escape(machine())}</text>']
    for i, (key, one) in enumerate(lines):
        y = top + step * i
        label = html.escape(f"{key}: {one['work'].replace('`', '')}, against {one['against']}")
        kind = "bar missed" if one["verdict"] == "missed" else "bar"
        out.append(f'<text class="small" x="{left}" y="{y + 11}">{label}</text>')
        out.append(f'<rect class="{kind}" x="{left}" y="{y + 15}" width="{one["ratio"] * scale:.1f}" height="12"/>')
        out.append(f'<text class="small" x="{left + one["ratio"] * scale + 6:.1f}" y="{y + 25}">{number(one["ratio"])}</text>')
        for x, name in ((1, "one"), (one["required"], "required")):
            if x:
                out.append(f'<line class="{name}" x1="{left + x * scale:.1f}" x2="{left + x * scale:.1f}" y1="{y + 13}" y2="{y + 29}"/>')
    out.append("</svg>")
    with open(os.path.join(BENCH, "results.svg"), "w") as f:
        f.write("\n".join(out) + "\n")
