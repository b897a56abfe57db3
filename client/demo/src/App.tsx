import type { SupabaseClient } from "@supabase/supabase-js";
import { useMe } from "supabase-chat-client/react";
import { Messenger } from "./Messenger.tsx";
import { SignIn } from "./SignIn.tsx";

export function App({ supabase }: { supabase: SupabaseClient }) {
  const me = useMe();
  if (me === undefined) return <p className="wait" role="status">One moment…</p>;
  if (me === null) return <SignIn supabase={supabase} />;
  return <Messenger me={me} signOut={() => void supabase.auth.signOut({ scope: "local" })} />;
}
