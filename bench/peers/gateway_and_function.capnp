# A gateway and the function behind it. Words in <> are filled in when they are started.
using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  v8Flags = ["--max-heap-size=128"],
  services = [
    (name = "edge", worker = .edge),
    (name = "function", worker = .function),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [
    (name = "edge", address = "<edge address>", http = (), service = "edge"),
    (name = "function", address = "<function address>", http = (), service = "function"),
  ],
);

const edge :Workerd.Worker = (
  compatibilityDate = "2026-04-01",
  modules = [(name = "index.js", esModule = embed "<edge script>")],
  bindings = [(name = "PLAIN", service = "function")],
);

const function :Workerd.Worker = (
  compatibilityDate = "2026-04-01",
  modules = [(name = "index.js", esModule = embed "<function script>")],
  bindings = [
    (name = "SUPABASE_URL", text = "<SUPABASE_URL>"),
    (name = "SUPABASE_PUBLISHABLE_KEY", text = "<SUPABASE_PUBLISHABLE_KEY>"),
  ],
);
