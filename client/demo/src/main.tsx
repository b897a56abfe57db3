import { createClient } from "@supabase/supabase-js";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { createChatClient } from "supabase-chat-client";
import { ChatProvider } from "supabase-chat-client/react";
import { App } from "./App.tsx";
import { PASSWORD } from "./people.ts";
import "./style.css";
import "./chat.css";

const options = new URLSearchParams(location.search);
const root = createRoot(document.getElementById("root")!);

if (options.has("split")) {
  // Each has a window of their own, as though on two devices.
  const windows = ["alice", "bob"].map((person) => <iframe key={person} title={`The chats of ${person}`} src={`./?as=${person}`} />);
  root.render(<main className="split">{windows}</main>);
} else {
  // Where the stack is: the tool writes it.
  const { supabaseUrl, publishableKey, apiUrl } = await (await fetch(`${import.meta.env.BASE_URL}config.json`)).json();
  const as = options.get("as");
  const supabase = createClient(supabaseUrl, publishableKey, {
    // Of this window alone: an app leaves this out, and all windows are signed in together.
    auth: { storage: sessionStorage, storageKey: `demo-${as ?? "me"}` },
  });
  if (as && !(await supabase.auth.getSession()).data.session) {
    await supabase.auth.signInWithPassword({ email: `${as}@example.com`, password: PASSWORD });
  }
  const client = createChatClient({ supabase, apiUrl });
  root.render(
    <StrictMode>
      <ChatProvider client={client}>
        <App supabase={supabase} />
      </ChatProvider>
    </StrictMode>,
  );
}
