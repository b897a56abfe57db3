/** The password of everybody in `supabase/seed.sql`. */
export const PASSWORD = "password123";

/** The API knows people by their ids only. An app has names and pictures in tables of its own; the demo has these. */
export const PEOPLE = [
  ["a11ce000-0000-4000-8000-000000000001", "Alice", "Friend of Bob and Carol"],
  ["b0b00000-0000-4000-8000-000000000002", "Bob", "Friend of Alice and Carol, one of the dancers"],
  ["ca401000-0000-4000-8000-000000000003", "Carol", "Friend of Alice and Bob, an author of the party"],
  ["da7e0000-0000-4000-8000-000000000004", "Dave", "Has asked Alice to be friends"],
  ["e4140000-0000-4000-8000-000000000005", "Erin", "Blocked by Alice"],
  ["f4a4c000-0000-4000-8000-000000000006", "Frank", "One of the dancers"],
].map(([id = "", name = "", about = ""]) => ({ id, name, about, email: `${name.toLowerCase()}@example.com` }));

/** Whom a text mentions, by their names. */
export const mentionedIn = (text: string, people: readonly string[]) => people.filter((id) => text.includes(`@${nameOf(id)}`));

export function nameOf(id: string): string {
  return PEOPLE.find((person) => person.id === id)?.name ?? `Guest ${id.slice(-4)}`;
}
