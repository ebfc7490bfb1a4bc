// Charts as SVG: P(fake) over time, a histogram of scores, a ROC curve.

const COLOURS = ["#E69F00", "#56B4E9", "#009E73", "#CC79A7", "#7570B3", "#A6761D", "#888888"];
const DASHES = ["", "6 3", "8 3 2 3", "2 3", "12 4", "4 2", "1 2"];

function frameOf(width, height, { left = 44, right = 12, top = 10, bottom = 34 } = {}) {
  return { width, height, x: (share) => left + share * (width - left - right),
    y: (share) => height - bottom - share * (height - top - bottom),
    share: (pixel) => Math.max(0, Math.min(1, (pixel - left) / (width - left - right))) };
}

function axes(frame, { x, y, ticks = [], yTicks = [0, 0.5, 1] }) {
  const text = (px, py, words, anchor = "middle") => s("text",
    { x: px, y: py, "text-anchor": anchor, class: "dx-axis" }, words);
  return s("g", {}, s("path", { class: "dx-line", d: `M${frame.x(0)} ${frame.y(1)}V${frame.y(0)}H${frame.x(1)}` }),
    yTicks.map((value) => s("g", {}, s("path", { class: "dx-grid",
      d: `M${frame.x(0)} ${frame.y(value)}H${frame.x(1)}` }),
      text(frame.x(0) - 6, frame.y(value) + 4, String(value), "end"))),
    ticks.map(([share, words]) => text(frame.x(share), frame.y(0) + 15, words)),
    text(frame.x(0.5), frame.height - 3, x), s("text", { class: "dx-axis", "text-anchor": "middle",
      transform: `translate(11 ${frame.y(0.5)}) rotate(-90)` }, y));
}

function nice(length) {
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20].find((size) => length / size <= 8) || 60;
  const count = Math.floor(length / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, place) => Number((place * step).toFixed(2)));
}

// lines: [{ title, points: [[seconds, p]], bars: [[seconds, share of the largest]], look }]. The chart is the scrubber.
function timeChart(length, seek) {
  const frame = frameOf(720, 190), lines = s("g"), head = s("path", { class: "dx-playhead" });
  const chart = s("svg", { viewBox: "0 0 720 190", class: "dx-chart dx-scrubber", role: "slider", tabindex: "0",
    "aria-label": "P(fake) over time; arrows move along",
    "aria-valuemin": 0, "aria-valuemax": length.toFixed(2), "aria-valuenow": 0 },
  axes(frame, { x: "seconds", y: "P(fake)", ticks: nice(length).map((second) => [second / (length || 1),
    String(second)]) }), lines, head);
  const move = (event) => {
    const box = chart.getBoundingClientRect();
    seek(frame.share(((event.clientX - box.left) / box.width) * 720) * length);
  };
  chart.addEventListener("pointerdown", (event) => { chart.setPointerCapture(event.pointerId); move(event); });
  chart.addEventListener("pointermove", (event) => { if (event.buttons) move(event); });
  return {
    element: chart,
    time(seconds) {
      const x = frame.x(Math.min(1, seconds / (length || 1)));
      head.setAttribute("d", `M${x} ${frame.y(1)}V${frame.y(0)}`);
      chart.setAttribute("aria-valuenow", seconds.toFixed(2));
    },
    draw(all) {
      lines.replaceChildren(...all.map(({ title, points, bars, look, faint }) => {
        const at = points.map(([seconds, p]) => [frame.x(Math.min(1, seconds / (length || 1))), frame.y(p)]);
        return s("g", { opacity: faint ? 0.55 : 1 }, s("title", {}, title),
          (bars || []).map(([seconds, share]) => s("rect", { x: frame.x(seconds / (length || 1)) - 4, width: 8,
            y: share > 0 ? frame.y(0.5 + share / 2) : frame.y(0.5),
              height: Math.abs(share) * (frame.y(0) - frame.y(0.5)),
                class: share > 0 ? "dx-bar-fake" : "dx-bar-real" })),
          s("polyline", { points: at.map((point) => point.join(",")).join(" "), fill: "none", stroke: look.color,
            "stroke-width": 2, "stroke-dasharray": look.dash }),
          at.map(([x, y]) => s("circle", { cx: x, cy: y, r: 3, fill: look.color })));
      }));
    },
  };
}

function lookOf(number) {
  return { color: COLOURS[number % COLOURS.length], dash: DASHES[number % DASHES.length] };
}

// counts: { real: [...], fake: [...] } of equal bins of [0, 1]; fakes stand above the line, reals hang below it.
function histogram({ real, fake }, threshold, choose) {
  const frame = frameOf(520, 220, { top: 24 }), most = Math.max(1, ...real, ...fake), bins = real.length;
  const bar = (count, bin, up) => {
    const height = (count / most) * (frame.y(0) - frame.y(0.5)) * 0.95, name = up ? "FAKE" : "REAL";
    const go = () => choose(name, bin);
    return count ? s("rect", { x: frame.x(bin / bins) + 1, width: frame.x(1 / bins) - frame.x(0) - 2,
      y: up ? frame.y(0.5) - height : frame.y(0.5), height, tabindex: "0", role: "button",
      class: up ? "dx-bar-fake" : "dx-bar-real",
        "aria-label": `${count} ${name} clips with P(fake) from ${bin / bins}`, onclick: go,
      onkeydown: (event) => { if (event.key === "Enter") go(); } },
        s("title", {}, `${count} ${name}, P(fake) from ${(bin / bins).toFixed(2)} on`)) : null;
  };
  const x = frame.x(threshold);
  return s("svg", { viewBox: "0 0 520 220", class: "dx-chart", role: "group",
    "aria-label": "Scores of fakes (above) and reals (below)" },
    axes(frame, { x: "P(fake)", y: "clips", ticks: [0, 0.25, 0.5, 0.75, 1].map((value) => [value, String(value)]),
      yTicks: [] }),
    fake.map((count, bin) => bar(count, bin, true)), real.map((count, bin) => bar(count, bin, false)),
    s("path", { class: "dx-line", d: `M${frame.x(0)} ${frame.y(0.5)}H${frame.x(1)}` }),
      s("path", { class: "dx-playhead", d: `M${x} ${frame.y(1)}V${frame.y(0)}` }),
    s("text", { x: frame.x(0), y: 14, class: "dx-axis dx-fake" }, `▲ FAKE (above), up to ${most}`),
    s("text", { x: frame.x(1), y: 14, "text-anchor": "end", class: "dx-axis dx-real" },
      `○ REAL (below), up to ${most}`));
}

function rocChart(points, here, area) {
  const frame = frameOf(260, 220);
  return s("svg", { viewBox: "0 0 260 220", class: "dx-chart dx-square", role: "img",
    "aria-label": `ROC curve, area ${area.toFixed(3)}; here ${percent(here[1])} of fakes are found, ` +
      `with ${percent(here[0])} false alarms` },
    axes(frame, { x: "false alarms", y: "fakes found", ticks: [[0, "0"], [0.5, "0.5"], [1, "1"]] }),
    s("path", { class: "dx-grid", d: `M${frame.x(0)} ${frame.y(0)}L${frame.x(1)} ${frame.y(1)}` }),
    s("polyline", { class: "dx-roc", points: points.map(([x, y]) => `${frame.x(x)},${frame.y(y)}`).join(" ") }),
    s("circle", { cx: frame.x(here[0]), cy: frame.y(here[1]), r: 6, class: "dx-here" }),
    s("text", { x: frame.x(1), y: frame.y(0) - 8, "text-anchor": "end", class: "dx-axis" }, `AUC ${area.toFixed(3)}`));
}
