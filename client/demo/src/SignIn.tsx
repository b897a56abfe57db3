import type { SupabaseClient } from "@supabase/supabase-js";
import { useState, type FormEvent } from "react";
import { People } from "./parts.tsx";
import { PASSWORD } from "./people.ts";

export function SignIn({ supabase }: { supabase: SupabaseClient }) {
  const [error, setError] = useState<string>();

  async function enter(email: string, password: string, how: "signInWithPassword" | "signUp" = "signInWithPassword") {
    const { error } = await supabase.auth[how]({ email, password });
    setError(error?.message);
  }

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const data = new FormData(event.currentTarget, (event.nativeEvent as SubmitEvent).submitter);
    void enter(String(data.get("email")), String(data.get("password")), data.get("how") === "signUp" ? "signUp" : undefined);
  }

  return (
    <main className="sign-in">
      <h1>Who are you?</h1>
      <p>Everybody here is in the local database. Take one, and somebody else in <a href="./" target="_blank" rel="noopener">a second window</a>, or see <a href="./?split">two side by side</a>.</p>
      <People choose={({ email }) => void enter(email, PASSWORD)} />
      <form onSubmit={submit}>
        <h2>Somebody else</h2>
        <label>E-mail <input name="email" type="email" autoComplete="username" required /></label>
        <label>Password <input name="password" type="password" autoComplete="current-password" minLength={6} required /></label>
        <div className="buttons">
          <button className="main">Sign in</button>
          <button name="how" value="signUp">Sign up</button>
        </div>
      </form>
      {error && <p role="alert" className="error">{error}</p>}
    </main>
  );
}
