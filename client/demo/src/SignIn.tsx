import type { SupabaseClient } from "@supabase/supabase-js";
import { useState, type FormEvent } from "react";
import { PASSWORD, PEOPLE } from "./people.ts";
import { Avatar } from "./parts.tsx";

export function SignIn({ supabase }: { supabase: SupabaseClient }) {
  const [error, setError] = useState<string>();

  async function enter(email: string, password: string, isNew = false) {
    const { auth } = supabase;
    const answer = await (isNew ? auth.signUp({ email, password }) : auth.signInWithPassword({ email, password }));
    setError(answer.error?.message);
  }

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const data = new FormData(event.currentTarget, (event.nativeEvent as SubmitEvent).submitter);
    void enter(String(data.get("email")), String(data.get("password")), data.get("do") === "sign up");
  }

  return (
    <main className="sign-in">
      <h1>Who are you?</h1>
      <p>Everybody here is in the local database. Take one, and somebody else in <a href="./" target="_blank" rel="noopener">a second window</a>, or see <a href="./?split">two side by side</a>.</p>
      <ul className="people">
        {PEOPLE.map((person) => (
          <li key={person.id}>
            <button type="button" onClick={() => void enter(person.email, PASSWORD)}>
              <Avatar id={person.id} />
              <span><b>{person.name}</b><small>{person.about}</small></span>
            </button>
          </li>
        ))}
      </ul>
      <form onSubmit={submit}>
        <h2>Somebody else</h2>
        <label>E-mail <input name="email" type="email" autoComplete="username" required /></label>
        <label>Password <input name="password" type="password" autoComplete="current-password" minLength={6} required /></label>
        <div className="buttons">
          <button name="do" value="sign in" className="main">Sign in</button>
          <button name="do" value="sign up">Sign up</button>
        </div>
      </form>
      {error && <p role="alert" className="error">{error}</p>}
    </main>
  );
}
