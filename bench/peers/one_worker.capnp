# A peer that is one Worker. Words in <> are filled in when it is started.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  # The heap that Cloudflare gives an isolate. workerd itself sets no limit, and V8 would then collect so
  # late that garbage looks like a leak.
  v8Flags = ["--max-heap-size=128"],
  services = [
    (name = "edge", worker = .edge),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "edge", address = "<edge address>", http = (), service = "edge")],
);

const edge :Workerd.Worker = (
  compatibilityDate = "2026-04-01",
  modules = [(name = "index.js", esModule = embed "<edge script>")],
  bindings = [
    (name = "SUPABASE_URL", text = "<SUPABASE_URL>"),
    (name = "SUPABASE_PUBLISHABLE_KEY", text = "<SUPABASE_PUBLISHABLE_KEY>"),
    (name = "SUPABASE_JWT_SECRET", text = "<SUPABASE_JWT_SECRET>"),
  ],
);
