import { createClient } from "@supabase/supabase-js";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createChatClient } from "supabase-chat-client";
import { ChatProvider } from "supabase-chat-client/react";
import { App } from "./App.tsx";
import { Split } from "./Split.tsx";
import "./style.css";
import "./chat.css";

interface Config {
  readonly supabaseUrl: string;
  readonly publishableKey: string;
  readonly apiUrl: string;
}

const options = new URLSearchParams(location.search);
const root = createRoot(document.getElementById("root")!);

if (options.has("split")) {
  root.render(<Split people={["alice", "bob"]} />);
} else {
  const config: Config = await (await fetch(`${import.meta.env.BASE_URL}config.json`)).json();
  const as = options.get("as");
  const supabase = createClient(config.supabaseUrl, config.publishableKey, {
    // Of this window alone: an app leaves this out, and all windows are signed in together.
    auth: { storage: sessionStorage, storageKey: `demo-${as ?? "me"}` },
  });
  const client = createChatClient({ supabase, apiUrl: config.apiUrl });
  root.render(
    <StrictMode>
      <ChatProvider client={client}>
        <App supabase={supabase} as={as} />
      </ChatProvider>
    </StrictMode>,
  );
}
