/** Small things that several components show. */
import type { CSSProperties } from "react";
import type { Chat } from "supabase-chat-client";
import { nameOf } from "./people.ts";

const PATHS = {
  attach: "M16 7v9a4 4 0 0 1-8 0V6a2.7 2.7 0 0 1 5.4 0v9.5a1.3 1.3 0 0 1-2.6 0V7.5",
  back: "M14.5 6 8.5 12l6 6",
  close: "M7 7l10 10M17 7 7 17",
  down: "M6 9.5l6 6 6-6",
  edit: "M5 19l1-4L15.5 5.5l3 3L9 18zM13.5 7.5l3 3",
  file: "M7 3.5h7l4 4v13H7zM13.5 3.5v4.5H18",
  leave: "M14 5H6v14h8M11 12h9m-3.5-3.5L20 12l-3.5 3.5",
  plus: "M12 5v14M5 12h14",
  remove: "M5 7h14M10 7V5h4v2M7 7l1 12.5h8L17 7",
  send: "M4.5 12 19.5 5l-4.5 14.5-3.5-6zM11.5 13.5l8-8.5",
} as const;

export function Icon({ name }: { name: keyof typeof PATHS }) {
  return <svg className="icon" viewBox="0 0 24 24" aria-hidden="true"><path d={PATHS[name]} /></svg>;
}

export function IconButton({ icon, label, onClick, className = "" }: {
  icon: keyof typeof PATHS; label: string; onClick: () => void; className?: string;
}) {
  return (
    <button type="button" className={`icon-button ${className}`} aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

/** Initials, on a colour that follows from the name. */
export function Avatar({ id, name = nameOf(id), online = false }: { id: string; name?: string; online?: boolean }) {
  const initials = name.split(" ").map((word) => word[0]).slice(0, 2).join("").toUpperCase();
  const hue = [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 360, 7);
  return (
    <span className={`avatar${online ? " online" : ""}`} style={{ "--hue": hue } as CSSProperties} aria-hidden="true">{initials}</span>
  );
}

/** The other person of a direct chat. */
export const otherOf = (chat: Chat, me: string) =>
  [...chat.participants, ...chat.goneParticipants].find((id) => id !== me) ?? me;

export const titleOf = (chat: Chat, me: string) =>
  chat.type === "direct" ? nameOf(otherOf(chat, me)) : (chat.name ?? "A chat");

export function ChatAvatar({ chat, me }: { chat: Chat; me: string }) {
  return chat.type === "direct" ? <Avatar id={otherOf(chat, me)} /> : <Avatar id={chat.id} name={titleOf(chat, me)} />;
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric" });
const shortDay = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

export const timeOf = (iso: string) => clock.format(new Date(iso));

export function dayOf(iso: string): string {
  const [date, today] = [new Date(iso).toDateString(), new Date().toDateString()];
  return date === today ? "Today" : day.format(new Date(iso));
}

/** The time of today's, the day of others. */
export const whenOf = (iso: string) => (dayOf(iso) === "Today" ? timeOf(iso) : shortDay.format(new Date(iso)));

export function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
