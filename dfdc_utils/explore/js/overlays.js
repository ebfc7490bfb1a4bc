// What is drawn over a playing face: boxes of tracks, heat. Coordinates are pixels of the upright source.

const TRACKS = ["#F0E442", "#56B4E9", "#CC79A7", "#009E73"];
const ORANGE = [230, 97, 1], VIOLET = [122, 80, 200];

// Rows (track, frame, seconds, x0, y0, x1, y1, confidence) by track, in the order of time.
function tracksOf(boxes) {
  const tracks = new Map();
  for (const row of boxes) {
    if (!tracks.has(row[0])) tracks.set(row[0], []);
    tracks.get(row[0]).push({ seconds: row[2], box: row.slice(3, 7), confidence: row[7] });
  }
  return tracks;
}

// Where a face is at some time: between the two looks around it, or null where it was out of sight.
function boxAt(looks, time) {
  const gaps = looks.slice(1).map((look, place) => look.seconds - looks[place].seconds).sort((a, b) => a - b);
  const usual = gaps.length ? gaps[gaps.length >> 1] : 0.5;
  const after = looks.findIndex((look) => look.seconds >= time);
  if (after <= 0) {
    const only = looks[after === 0 ? 0 : looks.length - 1];
    return Math.abs(only.seconds - time) <= 0.75 * usual ? only.box : null;
  }
  const [one, other] = [looks[after - 1], looks[after]];
  if (other.seconds - one.seconds > 1.6 * usual) return null;
  const part = (time - one.seconds) / (other.seconds - one.seconds || 1);
  return one.box.map((value, side) => value + part * (other.box[side] - value));
}

function drawBoxes(context, tracks, time, scale) {
  context.lineWidth = 2;
  context.font = "12px sans-serif";
  for (const [track, looks] of tracks) {
    const box = boxAt(looks, time);
    if (!box) continue;
    const [x0, y0, x1, y1] = box.map((value) => value * scale);
    context.strokeStyle = context.fillStyle = TRACKS[track % TRACKS.length];
    context.setLineDash(track === 0 ? [] : [5, 3]);
    context.strokeRect(x0, y0, x1 - x0, y1 - y0);
    context.fillText(track === 0 ? "main person" : `person ${track + 1}`, x0, Math.max(12, y0 - 4));
  }
  context.setLineDash([]);
}

// heat: { seconds, squares, heat_shape, values }. One scale for the whole clip.
function heatPictures(heat) {
  const [count, height, width] = heat.heat_shape;
  const most = heat.values.reduce((found, value) => Math.max(found, Math.abs(value)), 1e-12);
  return Array.from({ length: count }, (_, number) => {
    const picture = h("canvas", { width, height }), context = picture.getContext("2d"),
      image = context.createImageData(width, height);
    for (let place = 0; place < height * width; place++) {
      const value = heat.values[number * height * width + place] / most;
      image.data.set([...(value > 0 ? ORANGE : VIOLET), Math.round(200 * Math.min(1, Math.abs(value)))], 4 * place);
    }
    context.putImageData(image, 0, 0);
    return picture;
  });
}

function drawHeat(context, heat, time, scale) {
  let nearest = 0;
  heat.seconds.forEach((seconds, place) => {
    if (Math.abs(seconds - time) < Math.abs(heat.seconds[nearest] - time)) nearest = place;
  });
  heat.pictures ??= heatPictures(heat);
  // The heat goes with the face between the looks.
  const looks = heat.seconds.map((seconds, place) => ({ seconds, box: heat.squares[place] }));
  const [x0, y0, x1, y1] = (boxAt(looks, time) || heat.squares[nearest]).map((value) => value * scale);
  context.imageSmoothingEnabled = true;
  context.drawImage(heat.pictures[nearest], x0, y0, x1 - x0, y1 - y0);
  context.strokeStyle = "#ffffff88";
  context.strokeRect(x0, y0, x1 - x0, y1 - y0);
}
