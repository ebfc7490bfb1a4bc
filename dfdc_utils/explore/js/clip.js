// One clip, opened: beside its original where there is one, its verdict over time, its other fakes.

// verdict: whether the curves are shown at once.
function clipPanel(source, options, { verdict = true, open } = {}) {
  const status = statusLine(), body = h("div");
  const element = h("section", { class: "dx-clip", "aria-label": "The opened clip" }, body, status);
  let current = null, asked = 0;

  async function show(video) {
    const mine = ++asked;
    status.say(`Opening ${video} …`);
    try {
      const { answer } = await source.ask("clip", { video });
      const why = (info) => info.reason || "no reason is known";
      if (!answer.playable) throw new Error(`${answer.title ?? video} cannot be played: ${why(answer)}.`);
      const wanted = answer.original_here ? [answer.original_here, video] : [video];
      const infos = [];
      for (const name of wanted) infos.push(name === video ? answer : (await source.ask("clip",
        { video: name })).answer);
      const usable = infos.filter((info) => info.playable);
      const addresses = await Promise.all(usable.map((info) => videoAddress(source, info.video)));
      if (mine !== asked) return;
      close();
      current = player(usable.map((info, place) => ({ info, address: addresses[place], label: info.label })));
      body.replaceChildren(heading(answer), current.element);
      if (infos.length > usable.length) body.append(h("p", {},
        `Its original cannot be played: ${why(infos[0])}.`));
      if (verdict && Object.keys(options.models).length) body.append(verdictPanel(source, options, answer, current,
        usable.length - 1));
      status.say("");
    } catch (error) {
      if (mine !== asked) return;
      close();
      body.replaceChildren();
      status.fail(error);
    }
  }

  function heading(info) {
    const others = (info.fakes || []).filter((name) => name !== info.video);
    return h("div", { class: "dx-bar" }, h("strong", { class: "dx-name" }, info.title ?? info.video), badge(info.label),
      ["part", "split", "method", "outcome"].filter((name) => info[name]).map((name) => h("span",
        { class: "dx-fact" }, `${name}: ${info[name]}`)),
      info.original && !info.original_here ? h("span", { class: "dx-fact" },
        `its original ${info.original} is not here`) : null,
      others.length && open ? labelled("of the same original",
        select("Other fakes of the same original", [["", `${others.length} more`], ...others],
          (name) => name && open(name))) : null);
  }

  function close() {
    current?.close();
    current = null;
  }

  return { element, show, close };
}

// P(fake) of each chosen model as a curve that is the scrubber; heat over the face; which frames count.
function verdictPanel(source, options, info, players, place) {
  const names = Object.keys(options.models), chosen = new Set(names),
    looks = new Map(names.map((name, number) => [name, lookOf(number)]));
  const status = statusLine(), table = h("div", { class: "dx-bar" });
  let chart = null, curves = {}, heat = null;
  const eye = source.can("heat") ? select("Heat map of", [["", "no heat map"],
    ...names.map((name) => [name, options.models[name]])], look) : null;
  const legend = h("div", { class: "dx-bar dx-legend" }, names.map((name) => {
    const box = checkbox(options.models[name], (on) => { if (on) chosen.add(name); else chosen.delete(name); draw();
      }, true);
    const { color, dash } = looks.get(name);
    box.prepend(s("svg", { width: 26, height: 10, "aria-hidden": "true" },
      s("path", { d: "M1 5H25", stroke: color, "stroke-width": 3, "stroke-dasharray": dash })));
    return box;
  }), eye ? labelled("look with the eyes of", eye) : null);
  const element = h("section", { class: "dx-verdict", "aria-label": "Verdict over time" }, legend, table, status);

  function lines() {
    return [...chosen].filter((name) => curves[name]).flatMap((name) => {
      const looked = heat?.model === name ? heat : null;
      const look = looks.get(name), title = options.models[name];
      if (looked) return [{ title, look, points: looked.seconds.map((second, at) => [second, looked.p_fake[at]]),
        bars: bars(looked) }];
      const people = new Map();
      curves[name].faces.forEach(([track, seconds, p]) => people.set(track,
        [...(people.get(track) || []), [seconds, p]]));
      // A window of a sequence model is one opinion of the whole clip.
      return [...people].map(([track, points]) => ({ title: track ? `${title}, person ${track + 1}` : title, look,
        faint: track > 0,
        points: curves[name].sequence ? [[0, points[0][1]], [players.length(), points[0][1]]] : points }));
    });
  }

  // Of a sequence model: by how much each frame moves the verdict.
  function bars(looked) {
    if (!looked.influence) return [];
    const most = Math.max(...looked.influence.map(Math.abs), 1e-9);
    return looked.seconds.map((second, at) => [second, looked.influence[at] / most]);
  }

  function draw() {
    chart?.draw(lines());
    const score = (name) => curves[name].video?.toFixed(3) ?? "no score";
    table.replaceChildren(...[...chosen].filter((name) => curves[name]).map((name) =>
      h("span", { class: "dx-fact" }, `${options.models[name]}: ${score(name)}`)));
  }

  async function look(name) {
    heat = null;
    players.setHeat(null, place);
    if (name) {
      status.say(`${options.models[name]} looks at the clip …`);
      try {
        const { answer, buffers } = await source.ask("heat", { video: info.video, model: name });
        heat = { ...answer, model: name, values: numbers(Float32Array, buffers[0]) };
        players.setHeat(heat, place);
        const told = ["Orange speaks for FAKE, violet for REAL."];
        if (heat.influence) told.push("Bars: by how much a frame moves the verdict, up towards FAKE.");
        if (heat.weights) {
          const heaviest = heat.seconds[heat.weights.indexOf(Math.max(...heat.weights))];
          told.push(`The frame that weighs most: ${heaviest.toFixed(1)} s.`);
        }
        status.say(told.join(" "));
      } catch (error) { status.fail(error); }
    } else status.say("");
    draw();
  }

  async function load() {
    try {
      const { answer } = await source.ask("curves", { video: info.video });
      curves = answer.models;
      if (!Object.keys(curves).length) {
        return status.say(`No model has judged this clip${info.reason ? `: ${info.reason}` : ""}.`);
      }
      const whenKnown = () => {
        chart = timeChart(players.length(), (time) => players.seek(time));
        chart.element.addEventListener("keydown", (event) => {
          const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
          if (step) { event.preventDefault(); event.stopPropagation();
            players.seek(players.time() + step / players.rate); }
        });
        element.prepend(chart.element);
        players.onTime((time) => chart.time(time));
        draw();
      };
      if (players.length()) whenKnown();
        else players.element.querySelector("video").addEventListener("loadedmetadata", whenKnown, { once: true });
    } catch (error) { status.fail(error); }
  }

  load();
  return element;
}
