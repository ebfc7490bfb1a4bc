// A source without a kernel: the report's pages, whose clips lie in files beside them. It answers what was written
// down.

function files(data) {
  const columns = data.columns;
  const texts = data.rows.map((row) => columns.map((name) => row[name] ?? "").join(" ").toLowerCase());
  const places = new Map(data.rows.map((row, place) => [row.video, place]));
  const natural = new Intl.Collator("en", { numeric: true }).compare;

  const kept = (query) => {
    const words = String(query.text || "").toLowerCase().split(/\s+/).filter(Boolean);
    const score = query.model ? data.scores[query.model] : null;
    return data.rows.map((_, place) => place).filter((place) => {
      const row = data.rows[place];
      if (!words.every((word) => texts[place].includes(word))) return false;
      if (columns.some((name) => name in data.choices && query[name] && row[name] !== query[name])) return false;
      return !score || byScore(score[place], row.label, query);
    });
  };

  const byScore = (p, label, query) => {
    if (query.low !== null && query.low !== undefined && !(p >= query.low)) return false;
    if (query.high !== null && query.high !== undefined && query.high <= 1 && !(p < query.high)) return false;
    if (!query.verdict) return true;
    if (query.verdict === "none") return p === null;
    if (p === null || !label) return false;
    const right = (p >= (query.threshold ?? 0.5)) === (label === "FAKE");
    return right === (query.verdict === "right");
  };

  const sorted = (rows, query) => {
    if (!query.sort) return rows;
    const value = (place) =>
      (query.sort === "score" ? data.scores[query.model]?.[place] : data.rows[place][query.sort]);
    const sign = query.descending ? -1 : 1;
    return [...rows].sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      if (a === null || a === undefined || b === null || b === undefined) {
        return (b !== null && b !== undefined) - (a !== null && a !== undefined);
      }
      return sign * (typeof a === "number" ? a - b : natural(a, b));
    });
  };

  const answers = {
    page(query) {
      const rows = sorted(kept(query), query), start = query.start || 0;
      const score = query.model ? data.scores[query.model] : null;
      const some = rows.slice(start, start + (query.count || 50));
      return { total: rows.length, start,
        rows: some.map((place) => ({ ...data.rows[place], score: score?.[place] ?? null })) };
    },
    thumbnails: ({ videos }) => ({ addresses: videos.map((video) => data.thumbnails[video] || null) }),
    clip({ video }) {
      if (!places.has(video)) throw new Error(`There is no clip ${video} in this report.`);
      return data.clips[video];
    },
    preview({ video }) {
      const reason = data.clips[video]?.reason || "no preview";
      if (!data.previews[video]) throw new Error(`${video} cannot be shown: ${reason}.`);
      return { address: data.previews[video] };
    },
    curves: ({ video }) => ({ models: data.curves[video] || {} }),
    scores({ model }) {
      return {
        labels: data.rows.map((row) => ({ FAKE: 1, REAL: 0 })[row.label] ?? -1),
        scores: data.scores[model].map((p) => p ?? NaN), judged: data.judged[model],
        splits: data.rows.map((row) => row.split), methods: data.rows.map((row) => row.method ?? null),
      };
    },
  };
  return {
    live: false,
    can: (name) => name in answers,
    onHearing: () => {},
    async ask(name, args = {}) {
      if (!(name in answers)) throw new Error("This needs a notebook that is running.");
      return { answer: answers[name](args), buffers: [] };
    },
    close: () => {},
  };
}
