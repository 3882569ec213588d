// The live page: takes the server's events and draws the curves. Everything that is shown goes in as text, never as markup.
"use strict";
const charts = [
  { title: "Loss", log: true, series: [["train/loss", "training", 0], ["val/loss", "validation", 1]] },
  { title: "Accuracy", percent: true, series: [["train/accuracy", "training", 0], ["val/accuracy", "validation", 1]] },
  { title: "Penalty, a part of the loss", log: true, optional: true, series: [["train/penalty", "training", 3]] },
  { title: "Learning rate", log: true, series: [["lr", "learning rate", 2]] },
];
const W = 520, H = 264, LEFT = 80, RIGHT = 14, TOP = 16, BOTTOM = 46, MOST = 600; // room for the larger letters of a phone
let columns = [], rows = [], epochs = 0, lines = [], state = "", heard = Date.now(), running = null, due = false;
const byId = (id) => document.getElementById(id);

function svg(name, attributes, parent, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  if (text !== undefined) element.textContent = text;
  if (parent) parent.append(element);
  return element;
}

const short = (v) => Math.abs(v) >= 1e5 || (v && Math.abs(v) < 1e-3) ? v.toExponential(1).replace("e+", "e").replace(".0e", "e") : String(+v.toPrecision(3));
const clock = (s) => s < 60 ? `${Math.round(s)} s` : s < 3600 ? `${Math.floor(s / 60)} min ${Math.round(s % 60)} s` : `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
const percent = (v) => `${(100 * v).toFixed(v > 0.99 ? 2 : 1)} %`;

// The pairs (epoch, value) of a column, thinned out to what a screen can show; the last is always there.
function points(name) {
  const at = columns.indexOf(name), out = [];
  if (at < 0) return out;
  const step = Math.max(1, Math.floor(rows.length / MOST));
  for (let i = 0; i < rows.length; i++)
    if (rows[i][at] !== "" && (i % step === 0 || i === rows.length - 1)) out.push([+rows[i][0], +rows[i][at]]);
  return out;
}

// Round numbers from low to high, about `count` of them.
function ticks(low, high, count) {
  const rough = (high - low) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((f) => f * power >= rough), out = [];
  for (let v = Math.ceil(low / step) * step; v <= high + step * 1e-9; v += step) out.push(+v.toPrecision(12));
  return out;
}

function scale(chart, values) {
  const log = chart.log && values.every((v) => v > 0) && Math.max(...values) > 8 * Math.min(...values);
  const f = log ? Math.log10 : (v) => v;
  let low = Math.min(...values.map(f)), high = Math.max(...values.map(f));
  const room = high > low ? 0.05 * (high - low) : Math.abs(high) * 0.1 || 0.1;
  low -= room;
  high += room;
  if (chart.percent) [low, high] = [Math.max(0, low), Math.min(1, high)];
  let marks;
  if (!log) marks = ticks(low, high, 5);
  else {
    marks = [];
    for (let e = Math.floor(low); e <= high; e++)
      for (const f of high - low > 3 ? [1] : [1, 2, 5]) if (Math.log10(f) + e >= low && Math.log10(f) + e <= high) marks.push(f * 10 ** e);
    if (marks.length < 2) marks = ticks(10 ** low, 10 ** high, 4).filter((v) => v > 0);
  }
  const y = (v) => TOP + (H - TOP - BOTTOM) * (1 - (f(v) - low) / (high - low));
  return { y, marks: marks.filter((v) => f(v) >= low && f(v) <= high) };
}

function draw(chart) {
  const curves = chart.series.map(([name, title, colour]) => ({ title, colour, at: points(name).filter((p) => isFinite(p[1])) })).filter((c) => c.at.length);
  const values = curves.flatMap((c) => c.at.map((p) => p[1]));
  chart.figure.hidden = !values.length || (chart.optional && values.every((v) => v === 0));
  if (chart.figure.hidden) return;
  const last = Math.max(epochs, rows.length ? +rows[rows.length - 1][0] : 1, 2);
  const x = (v) => LEFT + (W - LEFT - RIGHT) * (v - 1) / (last - 1), { y, marks } = scale(chart, values);
  const picture = svg("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": chart.title });
  for (const v of marks) {
    svg("line", { class: "grid", x1: LEFT, x2: W - RIGHT, y1: y(v), y2: y(v) }, picture);
    svg("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, picture, chart.percent ? `${+(100 * v).toFixed(2)} %` : short(v));
  }
  for (const v of [1].concat(ticks(1, last, 6).filter((v) => v === Math.round(v) && x(v) - x(1) > 30)))
    svg("text", { x: x(v), y: H - BOTTOM + 20, "text-anchor": "middle" }, picture, v);
  svg("line", { class: "axis", x1: LEFT, x2: W - RIGHT, y1: H - BOTTOM, y2: H - BOTTOM }, picture);
  svg("text", { x: W - RIGHT, y: H - 5, "text-anchor": "end" }, picture, "epoch");
  for (const c of curves) {
    svg("polyline", { class: `l${c.colour}`, points: c.at.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join(" ") }, picture);
    const end = c.at[c.at.length - 1];
    svg("circle", { class: `p${c.colour}`, r: 3, cx: x(end[0]), cy: y(end[1]) }, picture);
  }
  chart.picture.replaceWith(picture);
  chart.picture = picture;
  chart.legend.replaceChildren(...curves.map((c) => {
    const entry = document.createElement("span");
    const line = svg("svg", { viewBox: "0 0 26 10" }, entry);
    svg("line", { class: `l${c.colour}`, x1: 1, x2: 25, y1: 5, y2: 5 }, line);
    entry.append(`${c.title} ${(chart.percent ? percent : short)(c.at[c.at.length - 1][1])}`);
    return entry;
  }));
}

function build() {
  for (const chart of charts) {
    chart.figure = document.createElement("figure");
    const caption = document.createElement("figcaption");
    caption.textContent = chart.title;
    chart.picture = svg("svg", {});
    chart.legend = document.createElement("p");
    chart.legend.className = "legend";
    chart.figure.append(caption, chart.picture, chart.legend);
    chart.figure.hidden = true;
    byId("charts").append(chart.figure);
  }
}

function tiles() {
  const last = rows[rows.length - 1], of = (name) => last && columns.includes(name) && last[columns.indexOf(name)] !== "" ? +last[columns.indexOf(name)] : NaN;
  const set = (name, text) => { document.querySelector(`[data-tile="${name}"]`).textContent = text; };
  const share = (v) => isFinite(v) ? percent(v) : "–";
  const epoch = running ? running.epoch : last ? +last[0] : 0;
  set("epoch", epoch ? (epochs ? `${epoch} / ${epochs}` : `${epoch}`) : "–");
  set("val/accuracy", share(of("val/accuracy")));
  set("train/accuracy", share(running && isFinite(running.accuracy) ? running.accuracy : of("train/accuracy")));
  const lr = running ? running.lr : of("lr"), speed = running ? running.speed : of("img_per_s");
  set("lr", isFinite(lr) ? short(lr) : "–");
  set("img_per_s", isFinite(speed) ? Math.round(speed).toLocaleString("en") : "–");
  set("left", running && isFinite(running.left) && state === "running" ? clock(running.left) : "–");
  byId("bar").hidden = !(running && state === "running");
  if (running && running.steps) byId("bar").value = running.step / running.steps;
}

const words = { "": "waiting for the first figures", running: "running", ended: "the run has ended", failed: "the run failed", over: "the run has ended, and with it this page",
                lost: "no connection to imgrad; trying again" };
function show() {
  due = false;
  charts.forEach(draw);
  tiles();
  byId("lines").textContent = lines.join("\n");
  byId("state").textContent = words[state];
  document.body.dataset.rows = rows.length;
  document.body.dataset.state = state;
}
// Many events at once are one drawing.
function changed() {
  heard = Date.now();
  if (due) return;
  due = true;
  setTimeout(show, 50);
}

function listen() {
  const source = new EventSource("/events"), on = (name, what) => source.addEventListener(name, (event) => { what(event.data); changed(); });
  on("begin", () => { columns = []; rows = []; lines = []; state = ""; running = null; });
  on("columns", (data) => { columns = data.split(","); });
  on("row", (data) => { rows.push(data.split(",")); });
  on("log", (data) => {
    lines.push(data);
    if (lines.length > 400) lines.shift();
    const of = / epoch \d+ of (\d+), step /.exec(data);
    if (of) epochs = +of[1];
  });
  on("progress", (data) => {
    const [epoch, all, step, steps, loss, accuracy, lr, speed, left] = data.split(",").map((v) => v === "" ? NaN : +v);
    running = { epoch, step, steps, loss, accuracy, lr, speed, left };
    epochs = all;
  });
  on("state", (data) => {
    state = data;
    if (data !== "running") running = null;
    if (data === "over") source.close();
  });
  source.onerror = () => {
    if (state === "over") return;
    state = "lost";
    changed();
  };
}

setInterval(() => {
  const quiet = (Date.now() - heard) / 1000;
  byId("where").textContent = state === "running" && quiet > 60 ? `nothing new for ${clock(quiet)}` : "";
}, 1000);
build();
listen();
