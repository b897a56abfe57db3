// The same for a gateway: it passes a request on to the Worker behind it, under an id, and writes a line to the log.
export default {
  async fetch(request, env) {
    const { method, url } = request;
    const headers = new Headers(request.headers);
    const id = crypto.randomUUID();
    headers.set("x-request-id", id);
    const response = await env.PLAIN.fetch(url, { method, headers, redirect: "manual" });
    console.log(JSON.stringify({ id, function: "plain_gateway", method, status: response.status }));
    return response;
  },
};
