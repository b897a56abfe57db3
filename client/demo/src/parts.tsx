/** Small things that several components show. */
import type { CSSProperties } from "react";
import type { Chat } from "supabase-chat-client";
import { nameOf, PEOPLE } from "./people.ts";

const PATHS = {
  archive: "M4.5 5h15v4h-15zM6 9v10h12V9M10 12.5h4",
  attach: "M16 7v9a4 4 0 0 1-8 0V6a2.7 2.7 0 0 1 5.4 0v9.5a1.3 1.3 0 0 1-2.6 0V7.5",
  back: "M14.5 6 8.5 12l6 6",
  close: "M7 7l10 10M17 7 7 17",
  bell: "M6.5 16.5h11l-1.5-2.5v-3.5a4 4 0 0 0-8 0V14zM10.5 19h3",
  down: "M6 9.5l6 6 6-6",
  edit: "M5 19l1-4L15.5 5.5l3 3L9 18zM13.5 7.5l3 3",
  file: "M7 3.5h7l4 4v13H7zM13.5 3.5v4.5H18",
  leave: "M14 5H6v14h8M11 12h9m-3.5-3.5L20 12l-3.5 3.5",
  more: "M5 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0M11.2 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0M17.4 12a.8.8 0 1 0 1.6 0 .8.8 0 1 0-1.6 0",
  mute: "M6.5 16.5h11l-1.5-2.5v-3.5a4 4 0 0 0-8 0V14zM5 4.5l14 15",
  pin: "M9 4.5h6M10 4.5v6L7.5 14h9L14 10.5v-6M12 14v6",
  plus: "M12 5v14M5 12h14",
  power: "M12 3.5v8M7.5 6.5a7 7 0 1 0 9 0",
  unread: "M4.5 6.5h10M4.5 6.5v11h15v-7M4.5 7l7.5 6 3-2.5M19 5.5a1.5 1.5 0 1 0 0.01 0",
  remove: "M5 7h14M10 7V5h4v2M7 7l1 12.5h8L17 7",
  reply: "M9.5 6 4 11.5 9.5 17M4.5 11.5H14a6 6 0 0 1 6 6V19",
  send: "M4.5 12 19.5 5l-4.5 14.5-3.5-6zM11.5 13.5l8-8.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return <svg className="icon" viewBox="0 0 24 24" aria-hidden="true"><path d={PATHS[name]} /></svg>;
}

export function IconButton({ icon, label, onClick, className = "" }: { icon: IconName; label: string; onClick: () => void; className?: string }) {
  return (
    <button type="button" className={`icon-button ${className}`} aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

/** How much is unread. */
export function Count({ of, what }: { of: number; what: string }) {
  return of > 0 && <span className="badge">{of > 99 ? "99+" : of}<span className="hidden"> {what}</span></span>;
}

/** The initials of the first and the last word, on a colour that follows from the name. */
export function Avatar({ name, online = false }: { name: string; online?: boolean }) {
  const initials = name.replace(/ .* /, " ").split(" ").map((word) => word[0]).join("").toUpperCase();
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  return (
    <span className={`avatar${online ? " online" : ""}`} style={{ "--hue": hue } as CSSProperties} aria-hidden="true">{initials}</span>
  );
}

/** The people of the seed, to choose one. */
export function People({ choose, but }: { choose: (person: (typeof PEOPLE)[number]) => void; but?: string }) {
  return (
    <ul className="people">
      {PEOPLE.filter(({ id }) => id !== but).map((person) => (
        <li key={person.id}>
          <button type="button" onClick={() => choose(person)}>
            <Avatar name={person.name} />
            <span><b>{person.name}</b><small>{person.about}</small></span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** A direct chat has the name of its other person. */
export function titleOf({ type, name, participants, goneParticipants }: Chat, me: string): string {
  if (type !== "direct") return name ?? "A chat";
  return nameOf([...participants, ...goneParticipants].find((id) => id !== me) ?? me);
}

/** What a chat is, unless it is of two people. */
export const kindOf = ({ type, participants }: Chat) =>
  type === "direct" ? undefined : `${type === "event_authors" ? "Authors" : "Group"} · ${participants.length} people`;

const clock = new Intl.DateTimeFormat("en-GB", { timeStyle: "short" });
const day = new Intl.DateTimeFormat("en-GB", { dateStyle: "long" });
const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const bytes = new Intl.NumberFormat("en-GB", { style: "unit", unit: "byte", unitDisplay: "narrow", notation: "compact" });

export const sizeOf = (size: number) => bytes.format(size);
export const timeOf = (iso: string) => clock.format(new Date(iso));

const isToday = (iso: string) => new Date(iso).toDateString() === new Date().toDateString();
export const dayOf = (iso: string) => (isToday(iso) ? "Today" : day.format(new Date(iso)));
/** The time of today's, the day of others. */
export const whenOf = (iso: string) => (isToday(iso) ? timeOf(iso) : shortDay.format(new Date(iso)));
