// Who has read how far: "seen", and the line "new messages".
import { deepStrictEqual, strictEqual } from "node:assert";
import { drain, messagesOf, pass } from "./device.ts";
import { call } from "./stack.ts";
import { World } from "./world.ts";

const asked = (log: string[]) => log.filter((line) => line.endsWith("/reads")).length;
const read = (world: World, index: number, messageId: string) =>
  call(world.person(index), "POST", `/chats/${world.chatId}/read`, { messageId });

export const seen: Record<string, () => Promise<void>> = {
  seen_survives_a_reload: () => World.play("direct", async (world) => {
    const [alice, bob] = [world.person(0).id, world.person(1).id];
    const said = await world.say(0, "Have you seen this?");
    await read(world, 0, said.id);
    await read(world, 1, said.id);
    for (const load of ["first", "second"]) {
      const device = world.device(0);
      const chat = device.open(world.chatId);
      await world.arrive();
      deepStrictEqual(chat.getSnapshot().reads, { [alice]: said.createdAt, [bob]: said.createdAt }, load);
      strictEqual(asked(device.log), 1, "one request");
      device.close();
    }
  }),

  later_marks_come_by_events: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    const said = await world.say(0, "And this?");
    await read(world, 1, said.id);
    await world.arrive();
    strictEqual(chat.getSnapshot().reads[world.person(1).id], said.createdAt);
    await pass([device], 120_000, 5_000);
    strictEqual(asked(device.log), 1);
  }),

  marks_that_were_lost_are_asked_for_after_a_reconnection: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    device.line.drop();
    const said = await world.say(0, "While you were away");
    await read(world, 1, said.id);
    await world.fresh(); // Lost.
    await pass([device], 1_200);
    strictEqual(chat.getSnapshot().reads[world.person(1).id], said.createdAt);
  }),

  without_realtime_marks_are_polled: () => World.play("direct", async (world) => {
    const device = world.device(0);
    device.line.broken = true;
    const chat = device.open(world.chatId);
    await drain([device]);
    const said = await world.say(0, "Seen?");
    await read(world, 1, said.id);
    await pass([device], 15_000, 1_000);
    strictEqual(chat.getSnapshot().reads[world.person(1).id], said.createdAt);
  }),

  marks_that_cannot_be_had_harm_nothing_and_are_asked_for_again: () => World.play("direct", async (world) => {
    const device = world.device(0);
    const chat = device.open(world.chatId);
    device.fault = (_, path) => (path.endsWith("/reads") ? "refuse" : undefined);
    await world.arrive();
    await world.shows(0, chat, "without marks");
    deepStrictEqual([chat.getSnapshot().reads, chat.getSnapshot().error], [{}, null]);
    const said = await world.say(1, "by Bob");
    await read(world, 0, said.id);
    await world.fresh(); // Lost.
    device.fault = () => undefined;
    await pass([device], 30_000);
    strictEqual(chat.getSnapshot().reads[world.person(0).id], said.createdAt);
  }),

  the_line_new_messages_is_where_the_user_stopped_reading: () => World.play("direct", async (world) => {
    await read(world, 0, (await world.say(1, "read before")).id);
    const first = await world.say(1, "new");
    await world.say(1, "newer");
    const device = world.device(0);
    const chat = device.open(world.chatId);
    await world.arrive();
    strictEqual(chat.getSnapshot().firstUnreadId, first.id);
    const lastReadAt = chat.getSnapshot().chat?.lastReadAt ?? "";
    deepStrictEqual(messagesOf(chat).filter(({ createdAt }) => createdAt > lastReadAt).map(({ text }) => text), ["newer", "new"]);
  }),
};
