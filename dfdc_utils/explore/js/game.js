// Spot the fake: your confidence, the model's answer, a second chance, the truth. What is right is known to the
// kernel alone
// until you have answered twice.

function gameView(source, options) {
  const status = statusLine(), body = h("div"), board = h("div");
  const name = h("input", { type: "text", maxlength: 20, "aria-label": "Nickname", placeholder: "nickname",
    autocomplete: "off" });
  const names = Object.entries(options.models);
  if (!names.length) return { element: h("p", {}, "No model has predicted anything yet: run notebook 07 first."),
    slash: () => {}, close: () => {} };
  const model = select("model", names, () => {}, options.model ?? names[0][0]);
  const mode = select("what is shown", [["single", "one clip"], ["pair", "an original beside its fake"]], () => {});
  const element = h("div", {},
    h("form", { class: "dx-bar", onsubmit: (event) => { event.preventDefault(); begin(); } },
      labelled("nickname", name), labelled("model", model), labelled("shown", mode),
        h("button", { type: "submit" }, "play")), body, status, board);
  let current = null;

  const close = () => { current?.close(); current = null; };

  async function begin() {
    try {
      await source.ask("game_begin", { nickname: name.value, model: model.value, mode: mode.value });
      await round();
    } catch (error) { status.fail(error); }
  }

  async function round() {
    close();
    try {
      const { answer, buffers } = await source.ask("game_round");
      if (answer.over) {
        body.replaceChildren(h("p", {}, "You have seen every clip of the test split."));
        return scores(answer.scores);
      }
      current = player(buffers.map((bytes, place) => ({ info: { ...answer.clips[place],
        video: answer.clips.length > 1 ? ["left", "right"][place] : "fake or real?" },
          address: URL.createObjectURL(new Blob([bytes], { type: "video/mp4" })), label: null })));
      const pair = answer.clips.length > 1;
      body.replaceChildren(h("p", {}, `Round ${answer.round}`), current.element,
        question(pair ? "Is the LEFT one the fake?" : "Is it a fake?", pair, 50, "I have decided", first));
      status.say("");
      scores(answer.scores);
    } catch (error) { status.fail(error); }
  }

  // A slider from "surely not" to "surely". In the middle nobody has decided.
  function question(text, pair, value, action, answered) {
    const words = h("output", { class: "dx-number" });
    const say = () => {
      const sure = Number(range.value);
      const verdict = (pair ? ["right", "left"] : ["REAL", "FAKE"])[Number(sure > 50)];
      words.textContent = sure === 50 ? "move the slider" : `${Math.max(sure, 100 - sure)} % sure: ${verdict}`;
      done.disabled = sure === 50;
    };
    const range = slider(text, { min: 0, max: 100, step: 1, value, class: "dx-time", list: null }, say);
    const done = button(action, () => { done.disabled = range.disabled = true; answered(Number(range.value) / 100); });
    const element = h("div", { class: "dx-question" }, h("strong", {}, text),
      h("div", { class: "dx-bar dx-timebar" }, h("span", {}, pair ? "right" : "○ REAL"), range,
        h("span", {}, pair ? "left" : "▲ FAKE")), h("div", { class: "dx-bar" }, words, done));
    say();
    return element;
  }

  async function first(sure) {
    try {
      const { answer, buffers } = await source.ask("game_first", { sure });
      const pair = answer.pair;
      const verdicts = pair ? ["the right one is the fake", "the left one is the fake"] : ["REAL", "FAKE"];
      const verdict = verdicts[Number(answer.p_model >= 0.5)];
      const p = `${pair ? "P(left is the fake)" : "P(fake)"} = ${answer.p_model.toFixed(2)}`;
      body.append(h("p", {}, `${answer.title} says ${p}: ${verdict}.`));
      if (answer.heat) {
        current.setHeat({ ...answer.heat, values: numbers(Float32Array, buffers[0]) }, answer.heat.place);
        body.append(h("p", {}, "Its heat map lies over the clip: orange speaks for FAKE, violet for REAL."));
      }
      body.append(question("Do you change your mind?", pair, Math.round(sure * 100), "this is my answer", second));
    } catch (error) { status.fail(error); }
  }

  async function second(sure) {
    try {
      const { answer } = await source.ask("game_second", { sure });
      const truth = answer.pair ? `The fake was ${answer.truth === "FAKE" ? "LEFT" : "RIGHT"}` : "It was";
      const next = button("next clip", round);
      body.append(h("p", { class: "dx-truth" }, answer.pair ? truth : [`${truth} `, badge(answer.truth)],
        answer.method ? ` (method: ${answer.method})` : "",
        ["you", "model", "you with the model"].map((who, place) =>
          ` · ${who} ${[answer.first, answer.model, answer.revised][place] ? "✓" : "✗"}`)), next);
      next.focus();
      scores(answer.scores);
    } catch (error) { status.fail(error); }
  }

  function scores(rows) {
    if (!rows.length) return board.replaceChildren();
    const cells = ({ share, low, high }) => h("td", { class: "dx-number" },
      `${percent(share)} (${percent(low)} to ${percent(high)})`);
    board.replaceChildren(h("table", { class: "dx-table dx-scores" },
      h("caption", {}, "Right so far, with 95 % intervals"),
        h("thead", {}, h("tr", {}, ["", "clips", "you", "the model",
          "you with the model"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, h("th", { scope: "row" }, row.group),
        h("td", { class: "dx-number" }, String(row.count)), cells(row.first), cells(row.model), cells(row.revised))))));
  }

  return { element, slash: () => name.focus(), close };
}
