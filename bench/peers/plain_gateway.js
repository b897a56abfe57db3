// The least that a gateway can be: it hands the request to the Worker behind it.
export default {
  fetch: (request, env) => env.PLAIN.fetch(request),
};
