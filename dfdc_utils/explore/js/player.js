// One clip, or an original and its fake in step: one bar, frame by frame, half speed, loop, difference, wipe.

const DRIFT = 0.25;   // Of a frame: from there on the second player is hurried or held back.
const HIGHEST = 420;  // Pixels of a picture on the screen.
const JUMP = 0.2;     // Seconds: from there on it jumps.

// clips: [{ info, address, label }]; the first one leads.
function player(clips, { loop = true } = {}) {
  const leader = clips[0], rate = Number.isFinite(leader.info.rate) && leader.info.rate > 0 ? leader.info.rate : 25;
  const state = { mode: "side", speed: 1, boxes: false, heat: null, sound: "none", loop, seeking: false, amount: 4,
    gone: false };
  const listeners = [];
  const shown = clips.map((clip, place) => {
    const video = h("video", { src: clip.address, playsinline: true, preload: "auto", muted: true,
      "aria-label": `${clip.label || "clip"} ${clip.info.video}` });
    const overlay = h("canvas", { class: "dx-overlay", "aria-hidden": "true" });
    const figure = h("figure", { class: "dx-figure" }, h("figcaption", {}, badge(clip.label),
      h("span", { class: "dx-name" }, clip.info.title ?? clip.info.video)),
      h("div", { class: "dx-frame" }, video, overlay));
    return { ...clip, video, overlay, figure, place, tracks: tracksOf(clip.info.boxes || []) };
  });
  const videos = shown.map((each) => each.video);
  const difference = h("canvas", { class: "dx-difference", role: "img",
    "aria-label": "Difference between original and fake" });
  const stage = h("div", { class: "dx-stage", "data-mode": "side" }, shown.map((each) => each.figure),
    clips.length > 1 ? difference : null);

  const bar = slider("Time", { min: 0, max: 1, step: "any", value: 0, class: "dx-time" }, (time) => seek(time));
  const clock = h("span", { class: "dx-number dx-clock" });
  const play = button("▶ play", toggle, { class: "dx-play", "aria-keyshortcuts": "Space K" });
  const wipe = slider("Wipe", { min: 0, max: 100, value: 50 },
    (share) => stage.style.setProperty("--dx-wipe", `${share}%`));
  const stronger = labelled("stronger", select("How much stronger the difference is shown",
    [["1", "× 1"], ["4", "× 4"], ["8", "× 8"], ["16", "× 16"]], (times) => {
    state.amount = Number(times);
    draw();
  }, "4"));
  stronger.classList.add("dx-stronger");
  const controls = h("div", { class: "dx-bar" }, play,
    button("◂ frame", () => step(-1), { "aria-keyshortcuts": "ArrowLeft" }),
      button("frame ▸", () => step(1), { "aria-keyshortcuts": "ArrowRight" }),
    labelled("speed", select("speed", [["0.25", "¼"], ["0.5", "½"], ["1", "1"]],
      (speed) => { state.speed = Number(speed); pace(); }, "1")),
    checkbox("loop", (on) => { state.loop = on; }, loop),
    clips.length > 1 ? labelled("show", select("show", [["side", "side by side"], ["difference", "difference"],
      ["wipe", "wipe"]], mode)) : null,
    clips.length > 1 ? wipe : null, clips.length > 1 ? stronger : null,
    checkbox("boxes", (on) => { state.boxes = on; draw(); }),
    labelled("sound", select("sound",
      [["none", "off"], ...shown.map((each) => [String(each.place), (each.label || "clip").toLowerCase()])],
        (which) => {
      videos.forEach((video, place) => { video.muted = String(place) !== which; });
    })));
  const status = statusLine();
  const element = h("section", { class: "dx-player", tabindex: "0",
    "aria-label": "Player. Space plays, arrows go by one frame, J, K and L go back, stop and play.", onkeydown: keys },
    stage, h("div", { class: "dx-bar dx-timebar" }, bar, clock), controls, status);

  function length() {
    const known = videos.map((video) => video.duration).filter(Number.isFinite);
    return known.length ? Math.min(...known) : 0;
  }

  function toggle() { if (videos[0].paused) start(); else stop(); }

  async function start() {
    if (videos[0].currentTime >= length() - 0.5 / rate) await seek(0);
    pace();
    await seek(videos[0].currentTime);
    try { await Promise.all(videos.map((video) => video.play()));
      } catch (error) { if (error.name !== "AbortError") status.fail(error); }
  }

  function stop() {
    videos.forEach((video) => video.pause());
    seek(videos[0].currentTime);
  }

  function pace() { videos.forEach((video) => { video.playbackRate = state.speed; }); }

  // All players stand at `time` when this is done.
  function seek(time) {
    const place = Math.max(0, Math.min(time, Math.max(0, length() - 0.25 / rate)));
    state.seeking = true;
    return Promise.all(videos.map((video) => new Promise((done) => {
      if (Math.abs(video.currentTime - place) < 1e-4 && !video.seeking) return done();
      video.addEventListener("seeked", done, { once: true });
      video.currentTime = place;
    }))).then(() => { state.seeking = false; draw(); });
  }

  function frame() { return Math.floor(videos[0].currentTime * rate + 0.01); }

  function step(frames) {
    videos.forEach((video) => video.pause());
    return seek((frame() + frames + 0.5) / rate);
  }

  function mode(name) {
    state.mode = stage.dataset.mode = name;
    element.dataset.mode = name;
    draw();
  }

  function keys(event) {
    const actions = { " ": toggle, k: stop, l: start, j: () => seek(videos[0].currentTime - 1),
      ArrowLeft: () => step(-1),
      ArrowRight: () => step(1), Home: () => seek(0), d: () => clips.length > 1 &&
        choose(state.mode === "difference" ? "side" : "difference"),
      b: () => element.querySelectorAll(".dx-check input")[1].click() };
    const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || typing(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  }

  function choose(name) {
    element.querySelector('select[aria-label="show"]').value = name;
    mode(name);
  }

  // The others follow the first: a little faster or slower while they are near, at once where they are not.
  function follow() {
    if (videos[0].paused || state.seeking) return;
    if (videos[0].ended || videos[0].currentTime >= length() - 0.5 / rate) {
      if (state.loop) seek(0).then(start); else stop();
      return;
    }
    for (const video of videos.slice(1)) {
      const ahead = video.currentTime - videos[0].currentTime;
      if (Math.abs(ahead) > JUMP) video.currentTime = videos[0].currentTime;
      const off = Math.abs(ahead) > DRIFT / rate ? Math.max(-0.25, Math.min(0.25, 4 * ahead)) : 0;
      video.playbackRate = state.speed * (1 - off);
    }
  }

  function draw() {
    const time = videos[0].currentTime;
    bar.value = time;
    bar.setAttribute("aria-valuetext", `${time.toFixed(2)} seconds, frame ${frame()}`);
    clock.textContent = `${time.toFixed(2)} s · frame ${frame()}`;
    play.textContent = videos[0].paused ? "▶ play" : "❚❚ pause";
    shown.forEach(drawOverlay);
    if (state.mode === "difference") drawDifference();
    listeners.forEach((listener) => listener(time));
  }

  function drawOverlay({ video, overlay, info, tracks, place }) {
    const width = video.clientWidth, height = video.clientHeight;
    if (!width || !height) return;
    if (overlay.width !== width || overlay.height !== height) Object.assign(overlay, { width, height });
    const context = overlay.getContext("2d");
    context.clearRect(0, 0, width, height);
    const scale = width / (info.width || video.videoWidth || width);
    if (state.heat && place === state.heat.place) drawHeat(context, state.heat, video.currentTime, scale);
    if (state.boxes) drawBoxes(context, tracks, video.currentTime, scale);
  }

  // |original - fake|, made brighter by the compositor: no pixel is read, which a page from disk would not be allowed.
  function drawDifference() {
    const [one, other] = videos;
    if (!one.videoWidth || !other.videoWidth) return;
    if (difference.width !== one.videoWidth) Object.assign(difference,
      { width: one.videoWidth, height: one.videoHeight });
    const context = difference.getContext("2d"), { width, height } = difference;
    context.globalCompositeOperation = "copy";
    context.drawImage(one, 0, 0, width, height);
    context.globalCompositeOperation = "difference";
    context.drawImage(other, 0, 0, width, height);
    difference.style.filter = `brightness(${state.amount})`;
  }

  function tick() {
    if (state.gone) return;
    follow();
    if (!videos[0].paused) draw();
    requestAnimationFrame(tick);
  }

  videos.forEach((video) => {
    video.addEventListener("loadeddata", () => {
      bar.max = length();
      // An upright clip would be higher than the screen.
      video.closest("figure").style.maxWidth = `${Math.round((HIGHEST * video.videoWidth) / video.videoHeight)}px`;
      draw();
    });
    video.addEventListener("error", () => status.fail(new Error("This browser cannot play the clip.")));
    video.addEventListener("pause", draw);
    video.addEventListener("play", draw);
  });
  const sizes = new Set(clips.map((clip) => `${clip.info.width} × ${clip.info.height}`));
  if (sizes.size > 1) status.say(`Sizes differ (${[...sizes].join(", ")}): the fake is shown at the original's size.`);
  const watch = new ResizeObserver(draw);
  watch.observe(stage);
  requestAnimationFrame(tick);
  return {
    element, seek, start, stop, rate, length, time: () => videos[0].currentTime,
      onTime: (listener) => listeners.push(listener),
    setHeat: (heat, place) => { state.heat = heat && { ...heat, place }; draw(); },
    close: () => {
      state.gone = true;
      watch.disconnect();
      videos.forEach((video) => { video.pause(); if (video.src.startsWith("blob:")) URL.revokeObjectURL(video.src);
        video.removeAttribute("src"); video.load(); });
    },
  };
}
