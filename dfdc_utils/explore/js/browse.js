// Browse: the table, and below it the clip that was opened.

function browseView(source, options) {
  const panel = clipPanel(source, options, { open: show });
  const list = pager(source, options, { open: show });

  function show(video) {
    panel.show(video).then(() => panel.element.scrollIntoView({ block: "nearest" }));
  }

  list.load();
  return { element: h("div", {}, list.element, panel.element), slash: list.focusFilter, close: panel.close };
}

// Compare, and the verdict over time: one clip after another, fakes beside their originals.
function compareView(source, options) {
  const panel = clipPanel(source, options, { verdict: options.view === "verdict", open: show });
  const number = h("span", { class: "dx-where" });
  const state = { at: 0, total: 0 };
  const query = options.view === "verdict" ? { split: "test" } : { label: "FAKE" };
  const bar = h("div", { class: "dx-bar" }, button("‹ clip before", () => go(state.at - 1)), number,
    button("next clip ›", () => go(state.at + 1)));

  async function go(place) {
    if (state.total) state.at = ((place % state.total) + state.total) % state.total;
    const { answer } = await source.ask("page", { ...query, start: state.at, count: 1 });
    state.total = answer.total;
    number.textContent = `${state.total ? state.at + 1 : 0} of ${state.total.toLocaleString()}`;
    if (answer.rows[0]) show(answer.rows[0].video);
  }

  function show(video) { return panel.show(video); }

  if (options.video) { show(options.video); source.ask("page",
    { ...query, count: 1 }).then(({ answer }) => { state.total = answer.total; state.at = -1;
      number.textContent = `of ${state.total.toLocaleString()}`; }); } else go(0);
  return { element: h("div", {}, bar, panel.element), slash: () => {}, close: panel.close };
}
