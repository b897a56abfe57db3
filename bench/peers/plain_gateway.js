// An empty gateway: it passes the request to the Worker behind it.
export default {
  fetch: (request, env) => env.PLAIN.fetch(request),
};
