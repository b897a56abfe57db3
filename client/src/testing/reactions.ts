/** Reactions to the messages of a test. */
import type { Reactor } from "../models.ts";
import { Refusal } from "./rows.ts";

const MOST_EMOJIS = 20;
const MOST_BYTES = 64;

/** Those with one emoji, the first ones first. */
export interface Reacted {
  emoji: string;
  by: Omit<Reactor, "emoji">[];
}

/** Undefined if nothing changes. */
export function withReaction(reacted: readonly Reacted[], { userId, emoji, createdAt }: Reactor, isOn: boolean): Reacted[] | undefined {
  if (!/^\S+$/u.test(emoji) || new TextEncoder().encode(emoji).length > MOST_BYTES) throw new Refusal(400, "invalid_request", "emoji has 1 to 64 bytes");
  const held = reacted.find((each) => each.emoji === emoji);
  const has = held?.by.some((each) => each.userId === userId) ?? false;
  if (has === isOn) return undefined;
  if (!held && reacted.length === MOST_EMOJIS) throw new Refusal(400, "invalid_request", "a message has at most 20 different emojis");
  const by = isOn ? [...(held?.by ?? []), { userId, createdAt }] : (held?.by.filter((each) => each.userId !== userId) ?? []);
  const next = { emoji, by };
  const all = held ? reacted.map((each) => (each === held ? next : each)) : [...reacted, next];
  return all.filter((each) => each.by.length > 0);
}
