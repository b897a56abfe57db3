// The limit for any Worker that reads the answers it passes on. It makes the same exchange with PostgREST
// as our function, with a deadline. It reads the whole answer, checks that it is JSON, writes a line to the
// log, and sets the headers of our answers. It verifies no token and applies no rule.
const DEADLINE_MS = 10_000;

async function exchange(request, env) {
  const { pathname, search } = new URL(request.url);
  const id = crypto.randomUUID();
  const response = await fetch(env.SUPABASE_URL + pathname + search, {
    headers: {
      accept: "application/json",
      apikey: env.SUPABASE_PUBLISHABLE_KEY,
      authorization: request.headers.get("authorization"),
      "x-request-id": id,
    },
    redirect: "manual",
  });
  const body = await response.text();
  JSON.parse(body);
  console.log(JSON.stringify({ id, function: "plain", method: request.method, route: pathname, status: response.status }));
  return new Response(body, {
    status: response.status,
    headers: {
      "content-type": "application/json",
      "cache-control": "private, no-store",
      "server-timing": "total;dur=0",
      "x-content-type-options": "nosniff",
      "x-request-id": id,
    },
  });
}

export default {
  async fetch(request, env) {
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(reject, DEADLINE_MS); });
    const response = await Promise.race([exchange(request, env), late]);
    clearTimeout(timer);
    return response;
  },
};
