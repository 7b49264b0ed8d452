// Draws a picture again with Plotly where a reader asks to zoom into it. Without script the picture and its table are there.
"use strict";

const STYLE = getComputedStyle(document.documentElement);
const INK = STYLE.getPropertyValue("--ink");
const MEDIAN = STYLE.getPropertyValue("--fan");
const LINE = STYLE.getPropertyValue("--line");
const PAPER = STYLE.getPropertyValue("--paper");
const BANDS = [
  { percent: 95, low: "0.025", high: "0.975", fill: "rgba(0, 114, 178, 0.14)" },
  { percent: 80, low: "0.1", high: "0.9", fill: "rgba(0, 114, 178, 0.22)" },
  { percent: 50, low: "0.25", high: "0.75", fill: "rgba(0, 114, 178, 0.34)" },
];

// Stretches of days that follow each other: a series that is counted on some weekdays only has a gap after each.
function stretches(days) {
  const found = [];
  for (const day of days) {
    const last = found.at(-1);
    if (last !== undefined && day.lead === last.at(-1).lead + 1) last.push(day);
    else found.push([day]);
  }
  return found;
}

// Below this width of a chart long names would make its legend one column, higher than the chart: they are short.
const NARROW = 560; // CSS pixels

function bandTraces(days, band, isFirst, isNarrow) {
  if (!(band.low in days[0].quantiles) || !(band.high in days[0].quantiles)) return [];
  const x = days.map((day) => day.ds);
  const edge = { mode: "lines", line: { width: 0 }, x, legendgroup: band.percent, showlegend: isFirst };
  const name = isNarrow ? `${band.percent} %` : `${band.percent} % prediction interval`;
  return [
    { ...edge, y: days.map((day) => day.quantiles[band.low]), showlegend: false, hoverinfo: "skip" },
    { ...edge, y: days.map((day) => day.quantiles[band.high]), fill: "tonexty", fillcolor: band.fill, name,
      customdata: days.map((day) => day.quantiles[band.low]),
      hovertemplate: "%{customdata:,.1f} – %{y:,.1f}" },
  ];
}

function centreTrace(days, isFirst) {
  const hasMedian = "0.5" in days[0].quantiles;
  return { name: hasMedian ? "median" : "mean", mode: days.length > 1 ? "lines" : "markers",
    line: { color: MEDIAN, width: 2.5 }, marker: { color: MEDIAN }, legendgroup: "centre", showlegend: isFirst,
    x: days.map((day) => day.ds), y: days.map((day) => (hasMedian ? day.quantiles["0.5"] : day.mean)),
    hovertemplate: "%{y:,.1f}" };
}

// Marks of days that a check doubts. Their shape and title say what was done: colour alone would not be seen by all.
const MARKS = [
  { name: "left out of training", symbol: "x-thin-open", size: 10, onLine: true },
  { name: "flagged, used as it is", symbol: "circle-open", size: 11, onLine: true },
  { name: "no value", symbol: "triangle-up-open", size: 10, onLine: false },
];
const FOOT = 0.03; // of the chart's height: where days without a value are marked

function findingOf(forecast, actual) {
  return forecast.findings.find((of) => of.check === actual.check && of.first <= actual.ds && actual.ds <= of.last);
}

function markTraces(forecast) {
  const marked = forecast.recent.filter((actual) => actual.check).map((actual) => ({ ...actual, finding: findingOf(forecast, actual) }));
  const [leftOut, used, missing] = [
    marked.filter((day) => day.y !== null && day.finding.treatment !== "used"),
    marked.filter((day) => day.y !== null && day.finding.treatment === "used"),
    marked.filter((day) => day.y === null),
  ];
  return [leftOut, used, missing].flatMap((days, nth) => {
    const mark = MARKS[nth];
    if (days.length === 0) return [];
    return [{ name: mark.name, mode: "markers", yaxis: mark.onLine ? "y" : "y2",
      marker: { symbol: mark.symbol, size: mark.size, color: INK, line: { width: 2, color: INK } },
      x: days.map((day) => day.ds), y: days.map((day) => (mark.onLine ? day.y : FOOT)),
      text: days.map((day) => `${day.check}: ${day.finding.reason}`), hovertemplate: "%{text}" }];
  });
}

function traces(forecast, isNarrow) {
  const parts = stretches(forecast.days);
  return [
    ...BANDS.flatMap((band) => parts.flatMap((days, nth) => bandTraces(days, band, nth === 0, isNarrow))),
    ...parts.map((days, nth) => centreTrace(days, nth === 0)),
    { name: "actual", mode: "lines+markers", line: { color: INK, width: 1.5 }, marker: { size: 4, color: INK },
      x: forecast.recent.map((actual) => actual.ds), y: forecast.recent.map((actual) => actual.y),
      hovertemplate: "%{y:,.1f}" },
    ...markTraces(forecast),
  ];
}

function layout(cutoff, unit) {
  return {
    height: 320,
    margin: { l: 56, r: 12, t: 8, b: 36 },
    font: { family: "Inter, Segoe UI, system-ui, sans-serif", size: 13, color: INK },
    paper_bgcolor: "rgba(0, 0, 0, 0)",
    plot_bgcolor: "rgba(0, 0, 0, 0)",
    hovermode: "x unified",
    hoverlabel: { bgcolor: PAPER, bordercolor: LINE },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0, traceorder: "reversed" },
    xaxis: { type: "date", showgrid: false, tickformat: "%-d %b", hoverformat: "%a %-d %b %Y", linecolor: LINE, ticks: "outside", tickcolor: LINE },
    yaxis: { title: { text: unit, font: { size: 13 } }, gridcolor: LINE, zeroline: false, tickformat: ",~r", rangemode: "normal" },
    yaxis2: { overlaying: "y", range: [0, 1], visible: false, fixedrange: true },
    shapes: [{ type: "line", x0: cutoff, x1: cutoff, yref: "paper", y0: 0, y1: 1, line: { color: INK, width: 1, dash: "dot" } }],
  };
}

const PLOTLY = document.currentScript.dataset.plotly;
let loading = null;

// Five megabytes: loaded once, when somebody first asks for it.
function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = PLOTLY;
    script.onload = resolve;
    script.onerror = () => reject(new Error("Plotly.js was not loaded"));
    document.head.append(script);
  });
  return loading;
}

async function draw(button) {
  const figure = button.closest("section").querySelector("figure");
  await plotly();
  const answer = await fetch(button.dataset.address, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(`the service answered ${answer.status}`);
  const body = await answer.json();
  const options = { displayModeBar: true, responsive: true };
  const chart = document.createElement("div");
  chart.className = "chart";
  figure.replaceChildren(chart);
  const isNarrow = figure.clientWidth < NARROW;
  await Plotly.newPlot(chart, traces(body.forecasts[0], isNarrow), layout(body.publication.cutoff, button.dataset.unit), options);
  button.parentElement.hidden = true;
}

function explain(button, error) {
  const note = document.createElement("p");
  note.className = "chart-note";
  note.textContent = `The chart could not be drawn (${error.message}). The table below has every number.`;
  button.parentElement.replaceChildren(note);
}

function offer() {
  for (const button of document.querySelectorAll("button[data-address]")) {
    button.parentElement.hidden = false;
    button.addEventListener("click", () => draw(button).catch((error) => explain(button, error)));
  }
}

offer();
document.addEventListener("headroom:refreshed", offer);
