"use strict";
// The script of a report. It draws each <figure class="chart"> with Chart.js from the table within it, and adds the controls: the
// quantity of the horizontal axis, logarithmic axes, a button for each line. Arrow keys read the values. What a reader has chosen
// stays when the page of a live run loads again.
(() => {
  const themes = matchMedia("(prefers-color-scheme: dark)");
  const charts = [];

  // ---- what a reader has chosen

  const key = "hpcai-report " + location.pathname;
  let chosen = {};
  try {
    chosen = JSON.parse(sessionStorage.getItem(key)) || {};
  } catch (error) { /* without storage the choices end with the page */ }
  function choose(name, value) {
    chosen[name] = value;
    try {
      sessionStorage.setItem(key, JSON.stringify(chosen));
    } catch (error) { /* as above */ }
  }

  // ---- small helpers

  function make(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
    made.append(...children);
    return made;
  }

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  // A number with five significant digits.
  function short(value) {
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-4 || size >= 1e9)) return value.toExponential(3);
    return value.toLocaleString("en", { maximumSignificantDigits: size >= 1e5 ? 9 : 5 });
  }

  // ---- the numbers of a chart

  // Returns {group, groups, axes, series} of the table: columns {name, values}; `groups` is null or the group of each row.
  function read(table) {
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows];
    const column = (index) => rows.map((row) => row.cells[index].textContent.trim());
    const number = (text) => (text === "" ? NaN : Number(text));
    const numbers = { groups: null, group: "", axes: [], series: [] };
    heads.forEach((head, index) => {
      const role = head.dataset.role, name = head.textContent;
      if (role === "group") {
        numbers.groups = column(index);
        numbers.group = name;
      } else {
        (role === "axis" ? numbers.axes : numbers.series).push({ name, values: column(index).map(number) });
      }
    });
    return numbers;
  }

  // The lines: one for each series and group, {name, rows}.
  function linesOf(numbers) {
    const groups = numbers.groups ? [...new Set(numbers.groups)] : [null];
    const lines = [];
    for (const series of numbers.series) {
      for (const group of groups) {
        const rows = series.values.map((_, row) => row)
          .filter((row) => !Number.isNaN(series.values[row]) && (group === null || numbers.groups[row] === group));
        const name = group === null ? series.name : numbers.series.length > 1 ? group + ": " + series.name : group;
        if (rows.length > 0) lines.push({ name, rows, values: series.values });
      }
    }
    return lines;
  }

  const dashes = [[], [7, 3], [2, 3]];
  const markers = ["circle", "rect", "triangle", "rectRot", "crossRot", "star", "cross"];
  const style = (index) => ({
    colour: colour("series-" + (index % 7 + 1)), dash: dashes[Math.floor(index / 7) % dashes.length], marker: markers[index % 7] });

  // ---- hover

  // The point of each visible line that is nearest in x.
  Chart.Interaction.modes.column = (chart, event) => nearestPoints(chart, event.x);
  function nearestPoints(chart, x) {
    const items = [];
    for (const meta of chart.getSortedVisibleDatasetMetas()) {
      let best = -1, distance = Infinity;
      meta.data.forEach((element, index) => {
        const away = Math.abs(element.x - x);
        if (!element.skip && away < distance) [best, distance] = [index, away];
      });
      if (best >= 0) items.push({ element: meta.data[best], datasetIndex: meta.index, index: best });
    }
    const nearest = Math.min(...items.map((item) => Math.abs(item.element.x - x)));
    // A line whose nearest point is far away, such as that of a shorter run, has no value here.
    return items.filter((item) => Math.abs(item.element.x - x) <= nearest + 24);
  }

  function describe(chart, items) {
    return items.map(({ datasetIndex, index }) => {
      const set = chart.data.datasets[datasetIndex], point = set.data[index];
      return typeof point === "object" ? set.label + " " + short(point.y) + " at " + short(point.x) : set.label + " " + short(point);
    }).join("; ");
  }

  // ---- options of Chart.js

  function axisOptions(title, logarithmic) {
    return {
      type: logarithmic ? "logarithmic" : "linear",
      title: { display: title !== "", text: title, color: colour("muted") },
      ticks: { color: colour("muted"), includeBounds: false, maxRotation: 0, autoSkip: !logarithmic, autoSkipPadding: 14, callback: logarithmic ? logTick : (value) => short(value) },
      grid: { color: colour("grid"), borderColor: colour("line"), tickColor: colour("line") },
    };
  }

  // Powers of ten have labels, and where an axis shows few of them, their multiples by 2 and 5.
  function logTick(value, index, ticks) {
    const first = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
    const wide = ticks.length > 0 && ticks[ticks.length - 1].value / ticks[0].value > 300;
    return Math.abs(first - 1) < 1e-6 || (!wide && [2, 5].some((n) => Math.abs(first - n) < 1e-6)) ? short(value) : "";
  }

  function tooltipOptions(title, label) {
    return {
      animation: false, backgroundColor: colour("card"), borderColor: colour("line"), borderWidth: 1, titleColor: colour("ink"),
      bodyColor: colour("ink"), usePointStyle: true, padding: 8, callbacks: { title, label },
    };
  }

  function common() {
    return { animation: false, responsive: true, maintainAspectRatio: false, normalized: false, layout: { padding: { right: 6 } } };
  }

  const positive = (columns) => columns.every((column) => column.values.every((value) => !(value <= 0)));
  const isLogX = (view) => view.logX && positive([view.numbers.axes[view.axis]]);

  // Of a logarithmic axis with few values, such as numbers of ranks, each has a tick.
  function fewTicks(values) {
    const distinct = [...new Set(values)].sort((a, b) => a - b);
    if (distinct.length > 12) return {};
    return { min: distinct[0], max: distinct[distinct.length - 1], ticks: { color: colour("muted"), callback: (value) => short(value) },
      afterBuildTicks: (scale) => { scale.ticks = distinct.map((value) => ({ value })); } };
  }

  // The range of the horizontal axis of lines: it ends with the last point, and begins at 0 where the lines begin close to it.
  function rangeOf(view, axis) {
    const values = axis.values.filter((value) => !Number.isNaN(value));
    const least = Math.min(...values), greatest = Math.max(...values);
    if (isLogX(view)) return fewTicks(values);
    if (view.kind !== "lines" || least === greatest) return {};
    return least >= 0 && least < 0.3 * greatest ? { min: 0, max: greatest } : { min: least, max: greatest };
  }

  // A line that is flat has an axis from 0 on, where the scale would else be about its rounding errors.
  function heightOf(view) {
    const values = view.lines.flatMap((line) => line.rows.map((row) => line.values[row]));
    const least = Math.min(...values), greatest = Math.max(...values);
    return least === greatest && least > 0 && !view.logY ? { min: 0, max: 2 * least } : {};
  }

  function linePlot(view) {
    const axis = view.numbers.axes[view.axis];
    const datasets = view.lines.map((line, index) => {
      const look = style(index), alone = line.rows.length <= 60;
      return {
        label: line.name, hidden: view.hidden.has(line.name), parsing: false, showLine: view.kind === "lines",
        data: line.rows.map((row) => ({ x: axis.values[row], y: line.values[row] })).filter((point) => !Number.isNaN(point.x)),
        borderColor: look.colour, backgroundColor: look.colour, borderWidth: 1.75, borderDash: look.dash, pointStyle: look.marker,
        clip: 8, pointRadius: alone || view.kind === "points" ? 3 : 0, pointHoverRadius: 5, pointHitRadius: 8,
      };
    });
    const title = (items) => (items.length ? axis.name + " " + short(items[0].parsed.x) : "");
    const label = (item) => " " + item.dataset.label + " " + short(item.parsed.y);
    return {
      type: "scatter", data: { datasets },
      options: {
        ...common(), interaction: { mode: "column", intersect: false },
        scales: { x: { ...axisOptions(axis.name, isLogX(view)), ...rangeOf(view, axis) }, y: { ...axisOptions(view.unit, view.logY), ...heightOf(view) } },
        plugins: { legend: { display: false }, tooltip: tooltipOptions(title, label) },
      },
    };
  }

  function barPlot(view) {
    const datasets = view.numbers.series.map((series, index) => ({
      label: series.name, hidden: view.hidden.has(series.name), data: series.values, backgroundColor: style(index).colour,
      borderColor: colour("paper"), borderWidth: 1, maxBarThickness: 34,
    }));
    const label = (item) => " " + item.dataset.label + " " + short(item.parsed.x);
    const labels = { ...axisOptions("", false), type: "category", stacked: true };
    delete labels.ticks.callback;
    return {
      type: "bar", data: { labels: view.numbers.groups, datasets },
      options: {
        ...common(), indexAxis: "y", interaction: { mode: "index", axis: "y", intersect: false },
        scales: { x: { ...axisOptions(view.unit, false), stacked: true, beginAtZero: true }, y: labels },
        plugins: { legend: { display: false }, tooltip: tooltipOptions(undefined, label) },
      },
    };
  }

  // ---- controls

  function checkbox(view, name, text, property) {
    const box = make("input", { type: "checkbox" });
    box.checked = view[property];
    box.addEventListener("change", () => {
      view[property] = box.checked;
      choose(view.id + name, box.checked);
      draw(view);
    });
    return make("label", {}, box, text);
  }

  function axisChoice(view) {
    const select = make("select");
    view.numbers.axes.forEach((axis, index) => select.append(make("option", { value: index }, axis.name)));
    select.value = view.axis;
    select.addEventListener("change", () => {
      view.axis = Number(select.value);
      choose(view.id + " axis", view.axis);
      draw(view);
    });
    return make("label", {}, "over", select);
  }

  function toolsOf(view) {
    const tools = make("div", { class: "tools" });
    if (view.numbers.axes.length > 1) tools.append(axisChoice(view));
    if (view.kind !== "bars" && positive(view.numbers.series)) tools.append(checkbox(view, " log y", "log scale", "logY"));
    if (view.kind === "points") tools.append(checkbox(view, " log x", "log axis of settings", "logX"));
    return tools;
  }

  function legendOf(view) {
    const legend = make("div", { class: "tools", role: "group", "aria-label": "Lines" });
    view.swatches = [];
    const names = view.kind === "bars" ? view.numbers.series.map((series) => series.name) : view.lines.map((line) => line.name);
    if (names.length === 1 && !view.numbers.groups) return legend;  // the title says it
    names.forEach((name) => {
      const swatch = make("span", { class: "swatch", "aria-hidden": "true" });
      const button = make("button", { type: "button", "aria-pressed": String(!view.hidden.has(name)) }, swatch, name);
      button.addEventListener("click", () => {
        if (!view.hidden.delete(name)) view.hidden.add(name);
        button.setAttribute("aria-pressed", String(!view.hidden.has(name)));
        choose(view.id + " hidden", [...view.hidden]);
        draw(view);
      });
      view.swatches.push(swatch);
      legend.append(button);
    });
    return legend;
  }

  function paintSwatches(view) {
    view.swatches.forEach((swatch, index) => {
      const look = style(index);
      swatch.style.borderTopColor = look.colour;
      swatch.style.borderTopStyle = ["solid", "dashed", "dotted"][dashes.indexOf(look.dash)];
    });
  }

  // ---- reading with the keyboard

  // The pixels, from left to right, at which some visible line has a point; of bars the indices of the bars.
  function stops(view) {
    if (view.kind === "bars") return view.numbers.groups.map((_, index) => index);
    const places = view.chart.getSortedVisibleDatasetMetas().flatMap((meta) => meta.data.map((element) => element.x));
    return [...new Set(places)].sort((a, b) => a - b);
  }

  function show(view, stop) {
    const items = view.kind === "bars"
      ? view.chart.getSortedVisibleDatasetMetas().map((meta) => ({ element: meta.data[stop], datasetIndex: meta.index, index: stop }))
      : nearestPoints(view.chart, stop);
    const place = items.length ? items[0].element.getCenterPoint() : { x: 0, y: 0 };
    view.chart.setActiveElements(items);
    view.chart.tooltip.setActiveElements(items, place);
    view.chart.update("none");
    const label = view.kind === "bars" ? view.numbers.groups[stop] + ": " : view.numbers.axes[view.axis].name + ": ";
    view.output.textContent = label + describe(view.chart, items);
  }

  function onKey(view, event) {
    const places = stops(view);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, PageDown: 20, PageUp: -20 }[event.key];
    const last = places.length - 1;
    if (event.key === "Home") view.stop = 0;
    else if (event.key === "End") view.stop = last;
    else if (step !== undefined) view.stop = Math.min(last, Math.max(0, view.stop + step));
    else return;
    event.preventDefault();
    if (last >= 0) show(view, places[view.stop]);
  }

  // ---- one chart

  function draw(view) {
    if (view.chart) view.chart.destroy();
    view.chart = new Chart(view.canvas, view.kind === "bars" ? barPlot(view) : linePlot(view));
    paintSwatches(view);
  }

  function summaryOf(view) {
    const what = { lines: "Line chart", points: "Chart of points", bars: "Bar chart" }[view.kind];
    const names = view.kind === "bars" ? view.numbers.series.map((series) => series.name) : view.lines.map((line) => {
      const first = line.values[line.rows[0]], last = line.values[line.rows[line.rows.length - 1]];
      return line.name + " from " + short(first) + " to " + short(last);
    });
    const title = view.figure.querySelector("h3").textContent;
    return what + ", " + title + ": " + names.join("; ") + ". Arrow keys read the values; all numbers are in the table below.";
  }

  function start(figure) {
    const numbers = read(figure.querySelector("table")), id = figure.id;
    const view = {
      figure, id, numbers, kind: figure.dataset.kind, unit: figure.dataset.unit, lines: linesOf(numbers), stop: -1,
      axis: Math.min(chosen[id + " axis"] || 0, Math.max(0, numbers.axes.length - 1)), logX: chosen[id + " log x"] ?? figure.dataset.log.includes("x"),
      logY: chosen[id + " log y"] ?? figure.dataset.log.includes("y"), hidden: new Set(chosen[id + " hidden"] || []),
    };
    if (!positive(numbers.series)) view.logY = false;
    view.canvas = make("canvas", { tabindex: "0", role: "img", "aria-label": summaryOf(view) });
    view.canvas.addEventListener("keydown", (event) => onKey(view, event));
    const frame = make("div", { class: "canvas" }, view.canvas);
    if (view.kind === "bars") frame.style.height = 5 + 2.6 * numbers.groups.length + "rem";
    view.output = make("output", { "aria-live": "polite" });
    figure.querySelector(".plot").append(toolsOf(view), frame, legendOf(view), view.output);
    draw(view);
    charts.push(view);
  }

  // ---- the page

  function keepFolds() {
    for (const fold of document.querySelectorAll("details[id]")) {
      if (chosen["open " + fold.id]) fold.open = true;
      fold.addEventListener("toggle", () => choose("open " + fold.id, fold.open));
    }
  }

  // The page of a run that goes on loads itself again, unless the reader stops it.
  function refresh() {
    const place = document.getElementById("refresh");
    if (!place) return;
    const seconds = Number(place.dataset.seconds);
    const box = make("input", { type: "checkbox" });
    box.checked = chosen.refresh ?? true;
    box.addEventListener("change", () => choose("refresh", box.checked));
    place.append(make("label", {}, box, " load again every " + seconds + " s"));
    setInterval(() => box.checked && location.reload(), seconds * 1000);
  }

  function redraw(printing) {
    document.documentElement.classList.toggle("printing", printing);
    charts.forEach(draw);
  }

  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  document.querySelectorAll("figure.chart").forEach(start);
  keepFolds();
  refresh();
  themes.addEventListener("change", () => redraw(false));
  addEventListener("beforeprint", () => redraw(true));
  addEventListener("afterprint", () => redraw(false));
})();
