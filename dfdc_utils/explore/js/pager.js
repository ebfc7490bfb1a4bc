// A table of clips that shows a page at a time: filters, sorted columns, thumbnails. Rows come from the source, so a
// set of
// a hundred thousand clips costs no more than fifty.

const PAGE = 50;
const TITLES = { video: "clip", score: "P(fake)" };

// fixed: parts of the query that are not the reader's to change. open(video): a row was chosen.
function pager(source, options, { fixed = {}, open, count = PAGE, filters = true } = {}) {
  const models = Object.entries(options.models);
  const query = { model: fixed.model ?? options.model ?? models[0]?.[0] ?? null, start: 0, count };
  const state = { rows: [], total: 0, chosen: -1, asked: 0, fixed };
  const status = statusLine(), body = h("tbody"), head = h("tr");
  const search = h("input", { type: "search", placeholder: "words that a row contains  ( / )",
    "aria-label": "Filter: words that a row contains",
    oninput: later(60, () => change({ text: search.value })) });
  const where = h("span", { class: "dx-where" });
  const before = button("‹", () => turn(-1), { "aria-label": "Page before" });
  const after = button("›", () => turn(1), { "aria-label": "Next page" });
  const bar = h("div", { class: "dx-bar" });
  if (filters) {
    bar.append(search);
    for (const [name, values] of Object.entries(options.choices)) {
      bar.append(labelled(name, select(name, [["", "all"], ...values], (value) => change({ [name]: value || null }))));
    }
    if (models.length) {
      bar.append(labelled("model", select("model", models, (model) => change({ model }), query.model)));
      bar.append(labelled("verdict", select("verdict", [["", "all"], ["right", "right"], ["wrong", "wrong"],
        ["none", "no score"]],
        (verdict) => change({ verdict: verdict || null }))));
    }
  }
  const table = h("table", { class: "dx-table" }, h("thead", {}, head), body);
  const element = h("section", { class: "dx-pager", "aria-label": "Clips" }, bar,
    h("div", { class: "dx-scroll", tabindex: "0", onkeydown: keys }, table),
    h("div", { class: "dx-bar" }, before, where, after, status));

  const columns = ["video", ...options.columns.filter((name) => name !== "video")];
  if (models.length) columns.splice(Math.min(3, columns.length), 0, "score");

  function drawHead() {
    head.replaceChildren(h("th", { scope: "col" }, h("span", { class: "dx-hidden" }, "face")),
      ...columns.map((name) => {
      const sign = query.sort !== name ? "" : query.descending ? " ▼" : " ▲";
      const order = query.sort !== name ? "none" : query.descending ? "descending" : "ascending";
      return h("th", { scope: "col", "aria-sort": order }, button((TITLES[name] || name) + sign, () => {
        change({ sort: name, descending: query.sort === name ? !query.descending : name === "score" });
      }));
    }));
  }

  function cell(name, row) {
    if (name === "label") return h("td", {}, badge(row.label));
    if (name === "score") return h("td", { class: "dx-number" }, row.score === null ? "–" : row.score.toFixed(3));
    if (name === "video") return h("td", {}, h("button", { type: "button", class: "dx-link",
      onclick: () => choose(row) }, row.video));
    return h("td", { title: String(row[name] ?? "") }, row[name] ?? "");
  }

  function choose(row) {
    state.chosen = state.rows.indexOf(row);
    mark();
    open(row.video);
  }

  function mark() {
    [...body.children].forEach((line, place) => line.setAttribute("aria-selected", place === state.chosen));
  }

  function keys(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && state.rows.length) {
      state.chosen = Math.max(0, Math.min(state.rows.length - 1, state.chosen + step));
      mark();
      body.children[state.chosen].scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !typing(event) &&
      state.rows[state.chosen]) open(state.rows[state.chosen].video);
    else if (event.key === "PageDown" || event.key === "PageUp") turn(event.key === "PageDown" ? 1 : -1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function turn(step) {
    const start = query.start + step * count;
    if (start >= 0 && start < state.total) {
      query.start = start;
      load();
    }
  }

  function change(changes) {
    Object.assign(query, changes, { start: 0 });
    drawHead();
    return load();
  }

  async function load() {
    const asked = ++state.asked;
    try {
      const { answer } = await source.ask("page", { ...query, ...state.fixed });
      // What was typed meanwhile has been asked for already.
      if (asked !== state.asked) return;
      state.rows = answer.rows;
      state.total = answer.total;
      state.chosen = -1;
      draw(answer.start);
      status.say(answer.total ? "" : "No clip is like that.");
      const videos = answer.rows.map((row) => row.video);
      if (videos.length && source.can("thumbnails")) await pictures(videos, asked);
    } catch (error) { status.fail(error); }
  }

  function draw(start) {
    body.replaceChildren(...state.rows.map((row) => h("tr",
      { onclick: (event) => { if (event.target.tagName !== "BUTTON") choose(row); } },
      h("td", { class: "dx-thumb" }), ...columns.map((name) => cell(name, row)))));
    const last = start + state.rows.length;
    where.textContent = range(start, state.rows.length, state.total);
    before.disabled = start === 0;
    after.disabled = last >= state.total;
    element.querySelector(".dx-scroll").scrollTop = 0;
  }

  async function pictures(videos, asked) {
    const { answer, buffers } = await source.ask("thumbnails", { videos });
    if (asked !== state.asked) return;
    const addresses = answer.addresses ||
      answer.places.map((place) => (place === null ? null : imageAddress(buffers[place])));
    addresses.forEach((address, place) => {
      if (address) body.children[place]?.firstChild.replaceChildren(h("img",
        { src: address, alt: "" }));
    });
  }

  drawHead();
  return { element, load, change, focusFilter: () => search.focus(), first: () => state.rows[0]?.video,
    show: (conditions) => { state.fixed = conditions; return change({ model: conditions.model ?? query.model }); } };
}

function range(start, count, total) {
  const [first, last, all] = [start + 1, start + count, total].map((number) => number.toLocaleString("en"));
  return total ? `${first}–${last} of ${all}` : "none";
}

function imageAddress(bytes) {
  return URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
}
