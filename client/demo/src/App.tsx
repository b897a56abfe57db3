import type { Session, SupabaseClient } from "@supabase/supabase-js";
import { useEffect, useState } from "react";
import { Messenger } from "./Messenger.tsx";
import { PASSWORD } from "./people.ts";
import { SignIn } from "./SignIn.tsx";

/** `as` is the person to sign in as, such as "alice". */
export function App({ supabase, as }: { supabase: SupabaseClient; as: string | null }) {
  const [session, setSession] = useState<Session | null>();
  useEffect(() => {
    const { data } = supabase.auth.onAuthStateChange((event, now) => {
      setSession(now);
      if (event === "INITIAL_SESSION" && !now && as) {
        void supabase.auth.signInWithPassword({ email: `${as}@example.com`, password: PASSWORD });
      }
    });
    return () => data.subscription.unsubscribe();
  }, [supabase, as]);

  if (session === undefined || (session === null && as)) return <p className="wait" role="status">One moment…</p>;
  if (session === null) return <SignIn supabase={supabase} />;
  return <Messenger me={session.user.id} signOut={() => void supabase.auth.signOut({ scope: "local" })} />;
}
