// What stands behind the Cache API in tests: workerd asks it for entries by GET, PUT and PURGE at the
// entry's URL. Miniflare's needs its Durable Objects and storage; this one forgets nothing by itself,
// as no test lasts as long as an entry.
const entries = new Map();

const answers = {
  GET(url) {
    const entry = entries.get(url);
    if (entry === undefined) return new Response(null, { status: 504, headers: { "cf-cache-status": "MISS" } });
    const { headers, body } = entry;
    return new Response(body, { headers: [...headers, ["cf-cache-status", "HIT"]] });
  },

  // The body is a whole response, with its status line and its headers.
  async PUT(url, request) {
    const response = await request.text();
    const end = response.indexOf("\r\n\r\n");
    const headers = response.slice(0, end).split("\r\n").slice(1).map((line) => line.split(": ", 2));
    const kept = headers.filter(([name]) => name.toLowerCase() === "cache-control");
    entries.set(url, { headers: kept, body: response.slice(end + 4) });
    return new Response(null, { status: 204 });
  },

  PURGE(url) {
    return new Response(null, { status: entries.delete(url) ? 200 : 404 });
  },
};

export default {
  fetch(request) {
    return answers[request.method](request.url, request);
  },
};
