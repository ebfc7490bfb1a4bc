// Threshold: one slider; the confusion matrix, the ROC point, accuracies and the cost follow at once, all computed
// here.

const BINS = 20;

// labels: 1 fake, 0 real, -1 none. Counts of what is called FAKE from the threshold on.
function counts(labels, scores, threshold) {
  const found = { fake_fake: 0, fake_real: 0, real_fake: 0, real_real: 0 };
  for (let place = 0; place < labels.length; place++) {
    if (labels[place] < 0 || Number.isNaN(scores[place])) continue;
    found[`${labels[place] ? "fake" : "real"}_${scores[place] >= threshold ? "fake" : "real"}`]++;
  }
  return found;
}

function measures(found, misses) {
  const fakes = found.fake_fake + found.fake_real, reals = found.real_fake + found.real_real;
  const caught = found.fake_fake / fakes, spared = found.real_real / reals;
  return { accuracy: (found.fake_fake + found.real_real) / (fakes + reals), balanced: (caught + spared) / 2, caught,
    alarms: 1 - spared,
    cost: (misses * found.fake_real + found.real_fake) / (fakes + reals) };
}

// Points (false alarms, fakes found) from "nothing is fake" to "all is", and the area under them.
function roc(labels, scores) {
  const order = [...labels.keys()].filter((place) => labels[place] >= 0 && !Number.isNaN(scores[place])).sort((a,
    b) => scores[b] - scores[a]);
  const fakes = order.reduce((sum, place) => sum + labels[place], 0), reals = order.length - fakes;
  const points = [[0, 0]];
  let caught = 0, alarms = 0, area = 0;
  order.forEach((place, at) => {
    if (labels[place]) caught++; else alarms++;
    if (at + 1 < order.length && scores[order[at + 1]] === scores[place]) return;
    const [x, y] = points[points.length - 1], next = [reals ? alarms / reals : 0, fakes ? caught / fakes : 0];
    area += (next[0] - x) * (next[1] + y) / 2;
    points.push(next);
  });
  // A screen has no room for a hundred thousand corners.
  const every = Math.ceil(points.length / 1000);
  return { points: points.filter((_, at) => at % every === 0 || at === points.length - 1),
    area: fakes && reals ? area : NaN };
}

function thresholdView(source, options) {
  const names = Object.keys(options.models);
  if (!names.length) return { element: h("p", {}, "No model has predicted anything yet: run notebook 07 first."),
    slash: () => {}, close: () => {} };
  const state = { model: options.model ?? names[0], split: "test", method: "", threshold: 0.5, misses: 5 };
  const status = statusLine(), body = h("div", { class: "dx-panels" }), groups = h("div");
  const output = h("output", { class: "dx-number dx-big" });
  const range = slider("Threshold", { min: 0, max: 1, step: 0.01, value: 0.5, class: "dx-time" },
    (value) => { state.threshold = value; draw(); });
  const splits = h("span"), methods = h("span");
  const panel = clipPanel(source, options, { open: (video) => panel.show(video) });
  const list = pager(source, { ...options, model: state.model },
    { open: (video) => panel.show(video), count: 20, filters: false });
  const listed = h("section", { hidden: true, "aria-label": "Clips of the chosen cell" }, h("h4"), list.element);
  const miss = h("input", { type: "number", min: 0, step: 1, value: state.misses,
    "aria-label": "False alarms that a miss costs", oninput: () => { state.misses = Math.max(0, Number(miss.value));
      draw(); } });
  const element = h("div", {},
    h("div", { class: "dx-bar" }, labelled("model", select("model",
      names.map((name) => [name, options.models[name]]), (model) => { state.model = model; load(); }, state.model)),
        splits, methods,
      labelled("a miss costs", miss), h("span", {}, "false alarms")),
    h("div", { class: "dx-bar dx-timebar" }, h("span", {}, "threshold"), range, output), body, groups, status,
      listed, panel.element);
  let all = null, some = null, curve = null;

  async function load() {
    try {
      const { answer, buffers } = await source.ask("scores", { model: state.model });
      all = buffers.length
        ? { labels: numbers(Int8Array, buffers[0]), scores: numbers(Float64Array, buffers[1]),
          judged: numbers(Uint8Array, buffers[2]),
          splits: named(numbers(Int16Array, buffers[3]), answer.splits),
            methods: named(numbers(Int16Array, buffers[4]), answer.methods) }
        : answer;
      const there = (values) => [...new Set(values.filter((value, place) => value && all.labels[place] >= 0 &&
        !Number.isNaN(all.scores[place])))].sort();
      const [known, ways] = [there(all.splits), there(all.methods)];
      if (!known.includes(state.split)) state.split = known[0];
      splits.replaceChildren(labelled("split", select("split", known, (split) => { state.split = split; choose(); },
        state.split)));
      methods.replaceChildren(ways.length > 1 ? labelled("method",
        select("method", [["", "all"], ...ways.filter((way) => way !== "original")],
          (method) => { state.method = method; choose(); }, state.method)) : "");
      choose();
      status.say("");
    } catch (error) { status.fail(error); }
  }

  const named = (codes, values) => Array.from(codes, (code) => (code < 0 ? null : values[code]));

  // Of one method's fakes beside all originals.
  function choose() {
    const keep = [...all.labels.keys()].filter((place) => all.splits[place] === state.split &&
      all.labels[place] >= 0 && !Number.isNaN(all.scores[place]) &&
        (!state.method || all.labels[place] === 0 || all.methods[place] === state.method));
    some = { labels: keep.map((place) => all.labels[place]), scores: keep.map((place) => all.scores[place]),
      methods: keep.map((place) => all.methods[place]), unjudged: keep.filter((place) => !all.judged[place]).length };
    curve = roc(some.labels, some.scores);
    draw();
  }

  function draw() {
    output.textContent = state.threshold.toFixed(2);
    if (!some) return;
    const found = counts(some.labels, some.scores, state.threshold), values = measures(found, state.misses);
    const cell = (truth, verdict) => {
      const count = found[`${truth.toLowerCase()}_${verdict.toLowerCase()}`], right = truth === verdict;
      const limits = verdict === "FAKE" ? { low: state.threshold } : { high: state.threshold };
      return h("td", {}, button(h("span", {}, String(count), h("small", {}, right ? " ✓" : " ✗")),
        () => show(truth, limits, `${truth} clips called ${verdict}`),
        { class: `dx-cell ${right ? "dx-right" : "dx-wrong"}`, "data-cell": `${truth}-${verdict}`,
          "aria-label": `${count} ${truth} clips called ${verdict}` }));
    };
    const matrix = h("table", { class: "dx-matrix" }, h("caption", {}, "Confusion matrix: a click lists the clips"),
      h("thead", {}, h("tr", {}, h("td"), h("th", { scope: "col" }, "called REAL"),
        h("th", { scope: "col" }, "called FAKE"))),
      h("tbody", {}, ["REAL", "FAKE"].map((truth) => h("tr", {}, h("th", { scope: "row" }, badge(truth)),
        cell(truth, "REAL"), cell(truth, "FAKE")))));
    const bins = { real: new Array(BINS).fill(0), fake: new Array(BINS).fill(0) };
    some.scores.forEach((p, place) => { bins[some.labels[place] ? "fake" : "real"][bin(p)]++; });
    const rows = [["accuracy", percent(values.accuracy)], ["balanced accuracy", percent(values.balanced)],
      ["fakes found", percent(values.caught)], ["false alarms", percent(values.alarms)],
      ["cost a clip", Number.isFinite(values.cost) ? `${values.cost.toFixed(3)} false alarms` : "–"],
        ["clips", String(some.labels.length)]];
    body.replaceChildren(matrix, h("dl", { class: "dx-measures" },
      rows.map(([name, value]) => [h("dt", {}, name), h("dd", { "data-measure": name }, value)])),
      histogram(bins, state.threshold, (label, number) => show(label,
        { low: number / BINS, high: number + 1 < BINS ? (number + 1) / BINS : null },
          `${label} clips with P(fake) from ${number / BINS}`)),
      rocChart(curve.points, [values.alarms || 0, values.caught || 0], curve.area));
    byMethod();
    const prior = "their score is the share of fakes in the training split";
    status.say(some.unjudged ? `${some.unjudged} of these clips have no face; ${prior}.` : "");
  }

  function bin(p) {
    let number = Math.min(BINS - 1, Math.floor(p * BINS));
    while (number + 1 < BINS && p >= (number + 1) / BINS) number++;
    while (number > 0 && p < number / BINS) number--;
    return number;
  }

  function byMethod() {
    const ways = [...new Set(some.methods.filter(Boolean))].sort();
    if (ways.length < 2) return groups.replaceChildren();
    groups.replaceChildren(h("table", { class: "dx-table" },
      h("caption", {}, "Called rightly at this threshold, by method"), h("tbody", {}, ways.map((way) => {
      const rows = some.scores.filter((_, place) => some.methods[place] === way), fake = way !== "original";
      const right = rows.filter((p) => (p >= state.threshold) === fake).length;
      const bar = h("span", { class: "dx-share", style: `--dx-share: ${right / rows.length}` });
      return h("tr", {}, h("th", { scope: "row" }, way),
        h("td", { class: "dx-number" }, `${right} of ${rows.length}`), h("td", {}, bar));
    }))));
  }

  function show(label, limits, title) {
    listed.hidden = false;
    listed.querySelector("h4").textContent = `${title}, ${options.models[state.model]}, ${state.split}`;
    const method = label === "FAKE" && state.method ? { method: state.method } : {};
    list.show({ model: state.model, split: state.split, label, sort: "score", descending: label === "REAL",
      low: null, high: null, ...method, ...limits });
  }

  load();
  return { element, slash: () => range.focus(), close: panel.close };
}
