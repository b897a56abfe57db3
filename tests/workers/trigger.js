// Fires the trigger of the Worker that it is bound to, as Cloudflare's crons do: for tests.
export default {
  async fetch(_request, env) {
    const { outcome } = await env.WORKER.scheduled({ scheduledTime: new Date(), cron: "17 * * * *" });
    return new Response(outcome);
  },
};
