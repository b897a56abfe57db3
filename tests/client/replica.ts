// The replica's rare races, each played by hand.
import { deepStrictEqual } from "node:assert";
import { Replica } from "../../client/dist/replica.js";
import type { Change, Message, MessagePage } from "../../client/dist/models.js";

const ME = "me";
const MOST = 600;
const message = (id: number, rev: number, more: Partial<Message> = {}): Message => ({
  id: `${id}`, chatId: "chat", senderId: "you", text: `text at ${rev}`, attachmentUrl: null, attachment: null, clientId: null,
  replyToId: null, replyTo: null, mentions: [], reactions: [], createdAt: `2026-01-01T00:00:${`${id}`.padStart(2, "0")}.000000Z`, editedAt: null, editableUntil: null, rev, ...more,
});
const upsert = (id: number, rev: number, more?: Partial<Message>): Change => ({ rev, kind: "upsert", message: message(id, rev, more) });
/** As an event has it: without what differs between its readers. */
function live(change: Change): Change {
  if (change.kind === "delete") return change;
  const { replyTo: _, reactions, ...message } = change.message;
  return { ...change, message: { ...message, reactions: reactions.map(({ mine: _, ...reaction }) => reaction) } as unknown as Message };
}
const gone = (id: number, rev: number): Change => ({ rev, kind: "delete", messageId: `${id}` });
const page = (nextCursor: string | null, ...data: Message[]): MessagePage => ({ data, nextCursor, prevCursor: null });
/** Scrolls on by a page, which has a newer one. */
function scroll(replica: Replica, way: "older" | "newer", rev: number, next: MessagePage, most = MOST): void {
  replica.extend(rev, { ...next, prevCursor: `above ${next.data[0]?.id}` }, way);
  replica.trim(most, replica.window.end(way).at);
}
const cursors = (replica: Replica) => (["newer", "older"] as const).map((side) => replica.window.end(side).cursor);
const answer = (rev: number, ...data: Change[]) => ({ data, rev, epoch: "one", hasMore: false, topic: "chat:chat" });
const held = (replica: Replica) => [...replica.messages].reverse().map(({ id, rev }) => `${id}@${rev}`).join(" ");

export async function the_replica_withstands_its_races(): Promise<void> {
  const fresh = () => new Replica(3, page("older", message(3, 3), message(2, 2)));

  let replica = fresh();
  deepStrictEqual([replica.addEvent(upsert(4, 4), ME), replica.addEvent(upsert(4, 4), ME), replica.rev], [true, true, 4]);
  deepStrictEqual([replica.addEvent(upsert(6, 6), ME), replica.rev, held(replica)], [false, 4, "4@4 3@3 2@2"], "a gap");
  deepStrictEqual([replica.addEvent({ rev: 5 }, ME), replica.rev], [false, 4], "a notice");
  deepStrictEqual([replica.addEvent(gone(4, 5), ME), held(replica)], [true, "3@3 2@2"]);
  deepStrictEqual([replica.addEvent(upsert(4, 4), ME), held(replica)], [true, "3@3 2@2"], "a late event wakes nothing up");

  replica = fresh();
  replica.addEvent(upsert(4, 4), ME);
  replica.addEvent(gone(4, 5), ME);
  replica.addChanges(3, answer(4, upsert(4, 4)));
  deepStrictEqual([held(replica), replica.rev], ["3@3 2@2", 5], "an answer that events have overtaken");
  replica.addEvent(upsert(1, 6), ME);
  deepStrictEqual(held(replica), "3@3 2@2", "an edit of what is not loaded");

  // A page is asked for at rev 3; while it is under way, events tell of a deletion that it does not show.
  replica = fresh();
  replica.addEvent(gone(1, 4), ME);
  replica.addEvent(upsert(2, 5), ME);
  scroll(replica, "older", 3, page(null, message(1, 1)));
  deepStrictEqual([held(replica), replica.rev], ["3@3 2@5 1@1", 3], "the changes since then are wanted again");
  replica.addChanges(5, answer(6, upsert(3, 6)));
  deepStrictEqual(replica.rev, 3, "an answer to a later question leaves them out");
  replica.addChanges(3, answer(5, gone(1, 4), upsert(2, 5)));
  deepStrictEqual([held(replica), replica.rev], ["3@3 2@5", 5]);

  const until = "2026-01-01T00:15:00.000000Z";
  replica.addEvent(live(upsert(4, 6, { editableUntil: until })), ME);
  replica.addEvent(live(upsert(5, 7, { editableUntil: until, senderId: ME })), ME);
  deepStrictEqual([...replica.messages].reverse().slice(0, 2).map((each) => each.editableUntil), [until, null], "one's own alone");

  // An answer shows that the reader moderates now: what is held lacks the deleted messages.
  replica = fresh();
  replica.addChanges(3, answer(4, upsert(4, 4)));
  deepStrictEqual(replica.roleChanged, false);
  replica.addChanges(4, answer(5, upsert(5, 5, { deletedAt: null, deletedBy: null })));
  deepStrictEqual(replica.roleChanged, true);

  // A window of three: older pages push the newest out, and the way back is kept.
  replica = new Replica(9, page("c8", message(9, 9), message(8, 8)));
  scroll(replica, "older", 9, page("c6", message(7, 7), message(6, 6)), 3);
  deepStrictEqual([held(replica), ...cursors(replica)], ["7@7 6@6", "above 7", "c6"]);
  scroll(replica, "older", 9, page(null, message(5, 5), message(4, 4)), 3);
  deepStrictEqual([held(replica), ...cursors(replica)], ["5@5 4@4", "above 5", null]);
  replica.addEvent(upsert(10, 10), ME);
  deepStrictEqual([held(replica), replica.rev], ["5@5 4@4", 10], "what is newer than the window is not held");
  scroll(replica, "newer", 10, page("c6", message(7, 7), message(6, 6)), 3);
  deepStrictEqual([held(replica), ...cursors(replica)], ["7@7 6@6", "above 7", "c6"]);

  // Of two changes of a message, each knows what the reader cannot see in an event.
  const reaction = (id: number, rev: number, userIds: string[], count = userIds.length) =>
    live(upsert(id, rev, { reactions: [{ emoji: "x", count, mine: false, userIds }] }));
  const mine = () => replica.messages.map(({ reactions }) => reactions[0]?.mine);
  const many = Array.from({ length: 20 }, (_, n) => `${n}`);
  replica = fresh();
  replica.addEvent({ ...reaction(2, 4, many, 21), reaction: { userId: "you", emoji: "x", added: true } }, ME);
  deepStrictEqual(mine(), [false, undefined]);
  replica.addEvent({ ...reaction(2, 5, many, 22), reaction: { userId: ME, emoji: "x", added: true } }, ME);
  replica.addEvent({ ...reaction(2, 6, many, 23), reaction: { userId: "you", emoji: "x", added: true } }, ME);
  replica.addEvent(reaction(2, 7, many, 23), ME);
  deepStrictEqual(mine(), [true, undefined], "an edit keeps it");
  replica.addEvent({ ...reaction(2, 8, many, 22), reaction: { userId: ME, emoji: "x", added: false } }, ME);
  deepStrictEqual(mine(), [false, undefined]);
  replica.addEvent(reaction(3, 9, [ME]), ME);
  deepStrictEqual(mine(), [false, true]);
  // A page was read when the message had this `rev`: its event comes later, and knows less.
  scroll(replica, "older", 8, page(null, message(1, 10, { reactions: [{ emoji: "x", count: 30, mine: true, userIds: many }] })));
  replica.addEvent(reaction(3, 9, [ME]), ME);
  replica.addEvent(reaction(1, 10, many, 30), ME);
  deepStrictEqual(mine(), [true, false, true]);

  // A reply quotes what is held; only the server knows of the rest.
  const quote = (id: number, text: string) => ({ id: `${id}`, senderId: "you", text, hasAttachment: false });
  const quotes = () => replica.messages.map(({ replyTo }) => replyTo);
  replica = fresh();
  deepStrictEqual(replica.addEvent(live(upsert(4, 4, { replyToId: "3" })), ME), true);
  deepStrictEqual(replica.addEvent(live(upsert(5, 5, { replyToId: "1" })), ME), false, "it is not held");
  replica.addChanges(4, answer(5, upsert(5, 5, { replyToId: "1", replyTo: quote(1, "old") })));
  deepStrictEqual(quotes(), [null, null, quote(3, "text at 3"), quote(1, "old")]);
  replica.addEvent(live(upsert(1, 6)), ME);
  replica.addEvent(live(upsert(3, 7)), ME);
  deepStrictEqual(quotes(), [null, null, quote(3, "text at 7"), quote(1, "text at 6")], "also of what is not held");
  replica.addEvent(live(upsert(5, 8, { replyToId: "1" })), ME);
  deepStrictEqual(quotes()[3], quote(1, "text at 6"), "an edit keeps it");
  const before = replica.messages;
  replica.addEvent(live(upsert(1, 9, { text: "text at 6" })), ME);
  deepStrictEqual(replica.messages, before, "nothing has changed on the screen");
  replica.addChanges(9, answer(11, gone(3, 10), upsert(1, 11, { deletedAt: "2026-01-01T00:00:00Z" })));
  deepStrictEqual(quotes(), [null, { id: "3", unavailable: true }, { id: "1", unavailable: true }]);
  replica.addEvent(live(upsert(1, 12)), ME);
  deepStrictEqual(quotes()[2], { id: "1", unavailable: true }, "nothing makes it readable again");
  replica = new Replica(3, page(null, message(3, 3), message(2, 2)));
  deepStrictEqual(replica.addEvent(live(upsert(4, 4, { replyToId: "0" })), ME), false);
  // Far up, a reply below is not shown, and nobody asks for it.
  replica = new Replica(9, page("c8", message(9, 9), message(8, 8)));
  scroll(replica, "older", 9, page("c6", message(7, 7), message(6, 6)), 3);
  deepStrictEqual(replica.addEvent(live(upsert(10, 10, { replyToId: "1" })), ME), true);

  const nobodyYet = new Replica(0, page(null));
  nobodyYet.addEvent(upsert(1, 1), ME);
  deepStrictEqual(nobodyYet.addEvent(gone(1, 2), ME), false, "it may be a moderator's");
  const moderators = new Replica(1, page(null, message(1, 1, { deletedAt: null, deletedBy: null })));
  deepStrictEqual(moderators.addEvent(gone(1, 2), ME), false);
}
