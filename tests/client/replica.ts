// The replica's rare races, each played by hand.
import { deepStrictEqual } from "node:assert";
import { Replica } from "../../client/dist/replica.js";
import type { Change, Message, Page } from "../../client/dist/models.js";

const ME = "me";
const MOST = 600;
const message = (id: number, rev: number, more: Partial<Message> = {}): Message => ({
  id: `${id}`, chatId: "chat", senderId: "you", text: `text at ${rev}`, attachmentUrl: null, attachment: null, clientId: null,
  createdAt: `2026-01-01T00:00:0${id}.000000Z`, editedAt: null, editableUntil: null, rev, ...more,
});
const upsert = (id: number, rev: number, more?: Partial<Message>): Change => ({ rev, kind: "upsert", message: message(id, rev, more) });
const gone = (id: number, rev: number): Change => ({ rev, kind: "delete", messageId: `${id}` });
const page = (nextCursor: string | null, ...data: Message[]): Page<Message> => ({ data, nextCursor });
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
  replica.addOlder(3, page(null, message(2, 2), message(1, 1)), MOST);
  deepStrictEqual([held(replica), replica.rev], ["3@3 2@5 1@1", 3], "the changes since then are wanted again");
  replica.addChanges(5, answer(6, upsert(3, 6)));
  deepStrictEqual(replica.rev, 3, "an answer to a later question leaves them out");
  replica.addChanges(3, answer(5, gone(1, 4), upsert(2, 5)));
  deepStrictEqual([held(replica), replica.rev], ["3@3 2@5", 5]);

  const until = "2026-01-01T00:15:00.000000Z";
  replica.addEvent(upsert(4, 6, { editableUntil: until }), ME);
  replica.addEvent(upsert(5, 7, { editableUntil: until, senderId: ME }), ME);
  deepStrictEqual([...replica.messages].reverse().slice(0, 2).map((each) => each.editableUntil), [until, null], "one's own alone");

  const nobodyYet = new Replica(0, page(null));
  nobodyYet.addEvent(upsert(1, 1), ME);
  deepStrictEqual(nobodyYet.addEvent(gone(1, 2), ME), false, "it may be a moderator's");
  const moderators = new Replica(1, page(null, message(1, 1, { deletedAt: null, deletedBy: null })));
  deepStrictEqual(moderators.addEvent(gone(1, 2), ME), false);
}
