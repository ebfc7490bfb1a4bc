// Boxes over the playing picture, and P(fake) over time under it. Names are only ever set as text.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const stage = document.querySelector(".stage"), chart = document.getElementById("chart");
  if (!stage) return;
  const shown = stage.querySelector("video, img"), canvas = stage.querySelector("canvas");
  const moves = shown.tagName === "VIDEO";
  const COLOURS = ["#F0E442", "#56B4E9", "#CC79A7", "#009E73", "#E69F00", "#FFFFFF"];
  const LINES = ["#8a7d00", "#0072B2", "#CC79A7", "#009E73", "#D55E00", "#000000"];

  // Where a face is at a time: between the looks around it; nowhere where it was out of sight.
  function boxAt(looks, time) {
    if (!moves) return looks[0].slice(1);
    const after = looks.findIndex((look) => look[0] >= time);
    const near = looks[after < 0 ? looks.length - 1 : after];
    if (after <= 0) return Math.abs(near[0] - time) <= data.reach ? near.slice(1) : null;
    const before = looks[after - 1];
    if (near[0] - before[0] > 2 * data.reach) {
      const nearest = near[0] - time < time - before[0] ? near : before;
      return Math.abs(nearest[0] - time) <= data.reach ? nearest.slice(1) : null;
    }
    const part = (time - before[0]) / (near[0] - before[0] || 1);
    return before.slice(1).map((value, side) => value + part * (near[side + 1] - value));
  }

  function draw() {
    const width = shown.clientWidth, height = shown.clientHeight, time = moves ? shown.currentTime : 0;
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const context = canvas.getContext("2d"), scale = width / data.width;
    context.clearRect(0, 0, width, height);
    context.lineWidth = 2;
    context.font = "13px sans-serif";
    data.people.forEach((person, place) => {
      const box = boxAt(person.looks, time);
      if (!box) return;
      const [x0, y0, x1, y1] = box.map((value) => value * scale);
      context.strokeStyle = context.fillStyle = COLOURS[place % COLOURS.length];
      context.strokeRect(x0, y0, x1 - x0, y1 - y0);
      const name = `person ${person.person}`, top = Math.max(0, y0 - 18);
      context.fillRect(x0 - 1, top, context.measureText(name).width + 8, 18);
      context.fillStyle = "#000000";
      context.fillText(name, x0 + 3, top + 13);
    });
    if (cursor) { const x = across(time); cursor.setAttribute("x1", x); cursor.setAttribute("x2", x); }
  }

  let cursor = null;
  const LEFT = 50, RIGHT = 870, TOP = 10, BOTTOM = 170, end = Math.max(data.seconds, 0.001);
  const across = (time) => LEFT + (RIGHT - LEFT) * Math.min(1, time / end);
  const down = (p) => BOTTOM - (BOTTOM - TOP) * p;
  function add(kind, attributes, text) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", kind);
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    if (text !== undefined) element.textContent = text;
    chart.append(element);
    return element;
  }

  function plot(model) {
    chart.replaceChildren();
    for (const p of [0, 0.5, 1]) {
      add("line", { x1: LEFT, x2: RIGHT, y1: down(p), y2: down(p), stroke: "#ccc", "stroke-dasharray": p === 0.5 ? "5 4" : "none" });
      add("text", { x: LEFT - 6, y: down(p) + 4, "text-anchor": "end" }, p);
    }
    for (let tick = 0; tick <= 5; tick++) add("text", { x: across(end * tick / 5), y: BOTTOM + 18, "text-anchor": "middle" }, `${(end * tick / 5).toFixed(end < 20 ? 1 : 0)} s`);
    add("text", { x: 14, y: (TOP + BOTTOM) / 2, transform: `rotate(-90 14 ${(TOP + BOTTOM) / 2})`, "text-anchor": "middle" }, "P(fake) of a face");
    data.people.forEach((person, place) => {
      const points = person.curves[model] || [], colour = LINES[place % LINES.length];
      if (!points.length) return;
      add("polyline", { points: points.map(([time, p]) => `${across(time)},${down(p)}`).join(" "), fill: "none", stroke: colour, "stroke-width": 2 });
      points.forEach(([time, p]) => add("circle", { cx: across(time), cy: down(p), r: 4, fill: colour }));
      if (data.people.length > 1) add("text", { x: across(points[0][0]) + 6, y: Math.max(TOP + 10, down(points[0][1]) - 8) }, `person ${person.person}`);
    });
    cursor = add("line", { x1: LEFT, x2: LEFT, y1: TOP, y2: BOTTOM, stroke: "#D55E00", "stroke-width": 2 });
    draw();
  }

  if (chart) {
    const choice = document.getElementById("model");
    choice.addEventListener("change", () => plot(choice.value));
    plot(choice.value);
    chart.addEventListener("click", (event) => {
      const place = chart.getBoundingClientRect(), x = (event.clientX - place.left) / place.width * 900;
      shown.currentTime = Math.max(0, Math.min(end, end * (x - LEFT) / (RIGHT - LEFT)));
    });
  }
  for (const event of ["loadeddata", "load", "seeked", "timeupdate"]) shown.addEventListener(event, draw);
  shown.addEventListener("error", () => { document.getElementById("unplayable").hidden = false; });
  new ResizeObserver(draw).observe(shown);
  (function tick() { if (moves && !shown.paused) draw(); requestAnimationFrame(tick); })();
  draw();
})();
