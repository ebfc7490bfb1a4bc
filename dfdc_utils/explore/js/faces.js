// The face store: tracks of a clip as strips, what the detector rejected, faces by size, confidence and brightness;
// and a
// clip of one's own, which goes through detector and models.

const CHUNK = 1 << 20;  // A message to the kernel may not be large.

function facesView(source, options) {
  const panel = clipPanel(source, options, { open: show }), strips = stripPanel(source);
  const list = pager(source, options, { open: show, count: 10 });
  const store = storePanel(source, show), own = uploadPanel(source, options);

  function show(video) {
    strips.show(video);
    panel.show(video);
  }

  list.load();
  return { element: h("div", {}, own.element, store.element, h("h4", {}, "Tracks of a clip"), list.element,
    strips.element, panel.element),
    slash: list.focusFilter, close: () => { panel.close(); own.close(); } };
}

function stripPanel(source) {
  const status = statusLine(), body = h("div"), more = h("div");
  const element = h("section", { "aria-label": "Tracks of the clip" }, body, more, status);

  async function show(video) {
    more.replaceChildren();
    try {
      const { answer, buffers } = await source.ask("strips", { video });
      let next = 0;
      body.replaceChildren(...answer.tracks.map(({ track, faces }) => h("div", { class: "dx-strip" },
        h("span", {}, track ? `person ${track + 1}` : "main person"),
        faces.map((face) => h("img", { src: imageAddress(buffers[next++]),
          alt: `face at ${face.seconds.toFixed(1)} seconds`,
          title: [`${face.seconds.toFixed(1)} s`, `confidence ${face.confidence.toFixed(3)}`,
            `${face.side.toFixed(0)} pixels`].join(", ") })))));
      body.append(button("what did the detector reject?", () => detections(video)));
      status.say(answer.tracks.length ? "" : `No faces: ${answer.reason || "nobody has looked for them yet"}.`);
    } catch (error) {
      body.replaceChildren();
      status.fail(error);
    }
  }

  async function detections(video) {
    status.say("The detector looks at the frames …");
    try {
      const { answer, buffers } = await source.ask("detections", { video });
      more.replaceChildren(h("p", {},
        `${answer.accepted} faces in tracks (solid), ${answer.rejected} rejected (dashed).`),
          h("div", { class: "dx-strip" }, answer.frames.map((frame, place) => detected(frame, buffers[place]))));
      status.say("");
    } catch (error) { status.fail(error); }
  }

  return { element, show };
}

function detected(frame, bytes) {
  const picture = h("img", { src: imageAddress(bytes), alt: "" });
  const boxes = s("svg", { viewBox: `0 0 ${frame.width} ${frame.height}`, role: "img",
    "aria-label": `${frame.faces.length} detections at ${frame.seconds.toFixed(1)} seconds` },
      frame.faces.map(({ box: [x0, y0, x1, y1], confidence, accepted }) => s("rect", {
    x: x0, y: y0, width: x1 - x0, height: y1 - y0, class: accepted ? "dx-accepted" : "dx-rejected" },
      s("title", {}, `${accepted ? "in a track" : "rejected"}, confidence ${confidence.toFixed(3)}`))));
  return h("figure", { class: "dx-detected" }, picture, boxes, h("figcaption", {}, `${frame.seconds.toFixed(1)} s`));
}

function storePanel(source, open) {
  const status = statusLine(), body = h("div", { class: "dx-strip dx-grid-faces" }),
    where = h("span", { class: "dx-where" });
  const state = { by: "side", start: 0, total: 0 }, count = 24;
  const turn = (step) => { if (state.start + step * count >= 0 &&
    state.start + step * count < state.total) { state.start += step * count; load(); } };
  const element = h("section", { "aria-label": "Faces of the store" }, h("h4", {}, "Faces of the store"),
    h("div", { class: "dx-bar" }, labelled("from the least",
      select("sort faces by", [["side", "size"], ["confidence", "confidence"], ["brightness", "brightness"]],
        (by) => { Object.assign(state, { by, start: 0 }); load(); })),
      button("‹", () => turn(-1), { "aria-label": "Faces before" }), where,
        button("›", () => turn(1), { "aria-label": "More faces" }),
          button("the greatest »", () => { state.start = Math.max(0, Math.floor((state.total - 1) / count) * count);
            load(); })), body, status);

  async function load() {
    try {
      const { answer, buffers } = await source.ask("faces", { ...state, count });
      state.total = answer.total;
      where.textContent = range(state.start, answer.faces.length, answer.total);
      if (answer.of > answer.total) where.textContent += ` drawn from ${answer.of.toLocaleString()}`;
      body.replaceChildren(...answer.faces.map((face, place) => h("button",
        { type: "button", class: "dx-face", onclick: () => open(face.video), title: face.video },
          h("img", { src: imageAddress(buffers[place]), alt: `face of ${face.video}` }),
        h("small", {}, face.value.toFixed(state.by === "confidence" ? 3 : 0) + (state.by === "side" ? " px" : "")))));
    } catch (error) { status.fail(error); }
  }

  load();
  return { element };
}

// The clip goes to the kernel in pieces, and from there through the same reader and the same account as any other.
function uploadPanel(source, options) {
  const status = statusLine(), list = h("ul", { class: "dx-uploads" }),
    progress = h("progress", { max: 1, value: 0, hidden: true });
  const input = h("input", { type: "file", accept: "video/*,image/jpeg", "aria-label": "A clip of your own",
    onchange: () => input.files[0] && send(input.files[0]) });
  const strips = h("div"), panel = clipPanel(source, options, {});
  const area = h("div", { class: "dx-drop", ondragover: (event) => { event.preventDefault();
    area.classList.add("dx-over"); }, ondragleave: () => area.classList.remove("dx-over"),
    ondrop: (event) => { event.preventDefault(); area.classList.remove("dx-over");
      if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]); } },
  labelled("Drop a clip of your own here, or choose one:", input), progress);
  const element = h("section", { "aria-label": "A clip of your own" }, h("h4", {}, "A clip of your own"), area,
    status, list, strips, panel.element);

  async function send(file) {
    try {
      progress.hidden = false;
      const { answer: { upload } } = await source.ask("upload_begin", { name: file.name, size: file.size });
      for (let start = 0; start < file.size; start += CHUNK) {
        await source.ask("upload_part", { upload }, [await file.slice(start, start + CHUNK).arrayBuffer()]);
        progress.value = Math.min(1, (start + CHUNK) / file.size);
      }
      status.say("Faces are looked for, and the models asked …");
      const { answer } = await source.ask("upload_end", { upload });
      await refresh();
      await show(answer);
    } catch (error) { status.fail(error); } finally { progress.hidden = true; input.value = ""; }
  }

  async function show(one) {
    const limits = "A score is an estimate for faces like those of this study, never proof.";
    status.say(one.reason ? `It cannot be judged: ${one.reason}.` : limits);
    panel.show(one.video);
  }

  async function refresh() {
    const { answer } = await source.ask("uploads");
    list.replaceChildren(...answer.uploads.map((one) => h("li", {},
      button(one.name, () => show(one), { class: "dx-link" }),
        h("span", { class: "dx-fact" }, one.reason ? `cannot be judged: ${one.reason}` : `${one.faces} faces`),
      button("delete", async () => {
        try { await source.ask("upload_delete", { video: one.video }); panel.close();
          panel.element.firstChild.replaceChildren(); await refresh(); status.say(`${one.name} is deleted.`);
            } catch (error) { status.fail(error); }
      }, { "aria-label": `Delete ${one.name}` }))));
  }

  refresh().catch(status.fail);
  return { element, close: panel.close };
}
