// A rate-limiting namespace for tests: miniflare's counter, kept in a service of its own, so that
// all Workers with a binding of this namespace count together, as on Cloudflare. Miniflare itself
// gives each binding a counter of its own.
import { WorkerEntrypoint } from "cloudflare:workers";
import rateLimiter from "rate-limiter";

let limiter;

export default class extends WorkerEntrypoint {
  limit(options) {
    limiter ??= rateLimiter(this.env);
    return limiter.limit(options);
  }
}
