// The views by name, and how a notebook or a page opens one.

const VIEWS = { browse: browseView, compare: compareView, verdict: compareView, threshold: thresholdView,
  faces: facesView, game: gameView };

function openView(source, options, place) {
  const view = VIEWS[options.view](source, options);
  const root = h("div", { class: "dx", "data-lm-suppress-shortcuts": "true", "data-view": options.view },
    (options.notes || []).map((note) => h("p", { class: "dx-note" }, note)), view.element);
  root.addEventListener("keydown", (event) => {
    if (event.key === "/" && !typing(event)) {
      event.preventDefault();
      view.slash();
    }
    // The notebook has keys of its own.
    event.stopPropagation();
  });
  place.append(root);
  return { root, close: () => { view.close(); source.close(); root.remove(); } };
}

// For anywidget.
function render({ model, el }) {
  const source = channel(model), options = { ...model.get("options"), view: model.get("view") };
  const opened = openView(source, options, el);
  let still = null, shown = false;
  const picture = (on) => {
    shown = on;
    still ??= stillBefore(el);
    if (still) still.style.display = on ? "" : "none";
  };
  // Where the widget will stand in the page is known a moment later.
  const tries = [0, 100, 500, 2000].map((wait) => setTimeout(() => { if (!shown) picture(false); }, wait));
  const silent = h("p", { class: "dx-note", hidden: true },
    "The kernel does not answer. Is it busy with other cells? Without it this is a picture: run the cell to use it.");
  opened.root.prepend(silent);
  // Without its kernel the notebook shows the picture that was made with it.
  source.onHearing((heard) => {
    silent.hidden = heard;
    picture(!heard);
  });
  return () => {
    tries.forEach(clearTimeout);
    picture(true);
    opened.close();
  };
}

// The picture of the first state that stands before a widget, for those who cannot run it.
function stillBefore(el) {
  const output = el.closest(".jp-OutputArea-child"), before = output?.previousElementSibling;
  return before?.querySelector(".jp-RenderedImage img") ? before : null;
}

// For a page that was opened from disk.
function openFromFiles(data, view, place) {
  return openView(files(data), { columns: data.columns, choices: data.choices, models: data.titles, view }, place);
}
