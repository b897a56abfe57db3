// Random histories: however the network treats the devices of a chat's people, each shows what
// `GET /chats/:id/messages`, `GET /chats` and `GET /unread` show its user, within 30 s of the last fault and by itself.
import { deepStrictEqual } from "node:assert";
import { isPending, type Chat, type ChatHandle, type Message } from "supabase-chat-client";
import { Device, drain, messagesOf, pass, settle } from "./device.ts";
import { listsOf, trueLists, type Lists } from "./lists.ts";
import { Random } from "./random.ts";
import { broadcasts, lostBroadcasts, type Broadcast } from "./realtime.ts";
import { all, sql, type Person } from "./stack.ts";
import { EMOJIS, Story } from "./story.ts";

const ACTIONS = 8;
/** After the last fault. */
const RIGHT_WITHIN_MS = 30_000;
/** Enough to join again, and too short for a poll. */
const JOINED_WITHIN_MS = 1_200;

/** How much was seen to come right by events alone, before any time has passed. */
export const tally = { devices: 0, requests: 0, withoutLoss: 0, byEventsAlone: 0, windows: 0 };

export async function history(seed: number): Promise<void> {
  const random = new Random(seed);
  const story = await Story.begin(random.percent(50) ? "direct" : "group");
  const [{ now }] = await sql<[{ now: Date }]>`select clock_timestamp()::timestamp as now`;
  const network = new Network(story, now, await lostBroadcasts());
  // Three devices: of a pair, who may leave and come back without the history, one has two.
  const users = [...story.actors, story.actors[0]!].slice(0, 3).map((actor) => actor.who);
  const devices = users.map((who, index) => new Device(who, new Random(seed * 101 + index)));
  const screens = devices.map((device) => ({ device, chat: device.open(story.chatId) }));
  try {
    await settle(devices);
    if (random.percent(80)) await drain(devices);
    for (let action = 0; action < ACTIONS; action++) {
      await story.act(random);
      await network.carry(devices);
      if (random.percent(30)) devices.forEach(({ clock }) => clock.advance(random.below(3_000)));
      for (let steps = random.below(16); steps > 0; steps--) await happen(random.pick(screens)!, devices, story);
      if (random.percent(25)) await checkpoint(network, screens, story.chatId);
    }
    await finish(story, network, screens);
  } finally {
    devices.forEach((device) => {
      tally.requests += device.log.length;
      device.close();
    });
  }
}

interface Screen {
  device: Device;
  chat: ChatHandle;
}

/** Something happens at one device. */
async function happen({ device, chat }: Screen, devices: Device[], story: Story): Promise<void> {
  const choice = device.random.below(100);
  if (choice < 4) device.line.drop();
  else if (choice < 6) {
    device.app.stop();
    device.app.start();
  } else if (choice < 12) void chat.loadOlder();
  else if (choice < 15) void chat.loadNewer();
  else if (choice < 16) void chat.loadNewest();
  else if (choice < 22) void chat.jumpTo(device.random.percent(20) ? "unread" : story.any(device.random));
  else if (choice < 24) {
    chat.close();
    device.open(story.chatId);
  } else if (choice < 32) react(device.random, chat);
  else if (device.pending) await device.step();
  await settle(devices);
}

/** What it comes to is compared with the database; a refusal is none of this test's. */
function react(random: Random, chat: ChatHandle): void {
  const message = random.pick([...chat.getSnapshot().messages]);
  const emoji = random.pick(EMOJIS)!;
  if (!message || isPending(message)) return;
  const isOn = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.mine);
  (isOn ? chat.unreact(message.id, emoji) : chat.react(message.id, emoji)).catch(() => {});
}

/** The user takes part, events come, and no request has failed that only time repeats. */
const isWell = ({ device, chat }: Screen) =>
  device.app.connection.getSnapshot() === "live" && chat.getSnapshot().status === "ready" && !chat.getSnapshot().error &&
  !device.app.chatsError.getSnapshot();

/** Who has lost nothing is up to date as soon as all has arrived, whatever the order was. */
async function checkpoint(network: Network, screens: Screen[], chatId: string): Promise<void> {
  const devices = screens.map(({ device }) => device);
  await network.arrive(devices);
  await pass(devices, JOINED_WITHIN_MS);
  if (await network.lostAtTheSource()) return;
  for (const screen of screens) {
    if (!isWell(screen) || screen.device.line.lost) continue;
    tally.withoutLoss++;
    const truth = await shown(screen.device.who, chatId);
    compare(screen, truth, "without a loss");
    if (!screen.device.line.quiet) compareLists(screen, truth, "without a loss");
  }
}

/** The faults end, a last message is sent, and then half a minute passes. */
async function finish(story: Story, network: Network, screens: Screen[]): Promise<void> {
  const devices = screens.map(({ device }) => device);
  await checkpoint(network, screens, story.chatId);
  devices.forEach((device) => device.heal());
  const well = screens.filter(isWell);
  await story.end();
  await network.arrive(devices);
  const lostAtTheSource = await network.lostAtTheSource();
  const truth = new Map<Device, Truth>();
  for (const device of devices) truth.set(device, await shown(device.who, story.chatId));
  for (const screen of screens) {
    const { device } = screen;
    tally.devices++;
    if (!well.includes(screen) || !isWell(screen) || device.line.lostUncounted || lostAtTheSource) continue;
    tally.byEventsAlone++;
    compare(screen, truth.get(device)!, "by events alone");
    if (!device.line.quiet) compareLists(screen, truth.get(device)!, "by events alone");
  }
  await pass(devices, RIGHT_WITHIN_MS, 1_000);
  for (const screen of screens) {
    const { device, chat } = screen;
    compare(screen, truth.get(device)!, "after 30 s");
    const { messages: _, ...lists } = truth.get(device)!;
    deepStrictEqual(listsOf(device), lists, "the chat list after 30 s");
    const target = device.random.pick(truth.get(device)!.messages)?.id;
    const jump = target ? chat.jumpTo(target) : "shown";
    await drain(devices);
    deepStrictEqual([await jump, !target || chat.getSnapshot().messages.some(({ id }) => id === target)], ["shown", true], "a jump");
    compare(screen, truth.get(device)!, "around a message");
    for (const side of ["Newer", "Older"] as const) {
      while (chat.getSnapshot()[`has${side}`]) {
        void chat[`load${side}`]();
        await drain(devices);
        compare(screen, truth.get(device)!, "on the way to all pages");
      }
    }
    compare(screen, truth.get(device)!, "with all pages");
  }
}

interface Truth extends Lists {
  messages: Message[];
}

/** What the API shows a person. */
async function shown(who: Person, chatId: string): Promise<Truth> {
  const [messages, lists] = await Promise.all([all<Message>(who, `/chats/${chatId}/messages`), trueLists(who)]);
  return { messages, ...lists };
}

function compare({ chat }: Screen, truth: Truth, when: string): void {
  // What is null for a moderator is left out of live messages.
  const plain = (message: Message) => ({ ...message, deletedAt: message.deletedAt ?? null, deletedBy: message.deletedBy ?? null });
  const held = messagesOf(chat).map(plain);
  const expected = truth.messages.map(plain);
  const { hasOlder, hasNewer } = chat.getSnapshot();
  if (hasNewer) tally.windows++;
  // All of a window may have been deleted.
  if (hasNewer && !held[0]) return;
  const from = hasNewer ? expected.findIndex(({ id }) => id === held[0]!.id) : 0;
  deepStrictEqual(held, hasOlder ? expected.slice(from, from + held.length) : expected.slice(from), `messages ${when}`);
}

function compareLists({ device }: Screen, truth: Truth, when: string): void {
  // A group's participants and topic are as of the last fetch.
  const own = (chats: readonly Chat[] = []) => chats.map(({ participants, topic, ...rest }) => rest);
  const plain = ({ chats, archived, unread }: Lists) => [own(chats), own(archived), unread];
  deepStrictEqual(plain(listsOf(device)), plain(truth), `the chat list ${when}`);
}

/** What the database broadcasts, on its way to the devices. */
class Network {
  private carried = new Set<string>();

  constructor(private story: Story, private since: Date, private lostBefore: number) {}

  /** On a machine that is too busy the database itself gives broadcasts up, of whichever history. */
  async lostAtTheSource(): Promise<boolean> {
    return (await lostBroadcasts()) > this.lostBefore;
  }

  /** Everything arrives, also what the devices themselves have done. */
  async arrive(devices: Device[]): Promise<void> {
    do await drain(devices);
    while (await this.carry(devices));
  }

  /** Returns whether there was anything. */
  async carry(devices: Device[]): Promise<boolean> {
    const users = this.story.actors.map((actor) => actor.who.id);
    const rows = (await broadcasts(this.story.chatId, users, this.since)).filter((row) => !this.carried.has(row.id));
    for (const row of rows) {
      this.carried.add(row.id);
      devices.forEach((device) => device.broadcast([row]));
      await this.replicate(row, devices);
    }
    return rows.length > 0;
  }

  /** Each created or updated row also goes through the write-ahead log. */
  private async replicate({ topic, event, payload }: Broadcast, devices: Device[]): Promise<void> {
    if (!topic.startsWith("chat:") || !payload.message || payload.rev % 3 !== 0) return;
    const type = event === "message.created" ? "INSERT" : "UPDATE";
    for (const { line } of devices) await line.changed(type, this.story.chatId, payload.message.id);
  }
}
