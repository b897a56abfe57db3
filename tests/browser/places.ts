// Ways to a message: search, a reply's original, a mention, the first unread one.
import { equal, ok } from "node:assert/strict";
import type { Device } from "./device.ts";
import { as, directChat, friends, openRoom, send, sql, until, type Person, type World } from "./world.ts";

const LINES = 400;

/** Whether a message is on the screen. */
async function isInView(device: Device, text: string): Promise<boolean> {
  return device.message(text).evaluate((message) => {
    const [{ top, bottom }, box] = [message.getBoundingClientRect(), document.querySelector(".scroll")!.getBoundingClientRect()];
    return top >= box.top - 1 && bottom <= box.bottom + 1;
  }).catch(() => false);
}

const comesIntoView = (device: Device, text: string) => until(`${text} is on the screen`, () => isInView(device, text));

/** Many messages after those that are there, put in by the tables' owner. */
async function fill(from: Person, chatId: string, count = LINES): Promise<void> {
  await sql`
    insert into public.messages (id, chat_id, sender_id, text, rev, created_at)
    select gen_random_uuid(), c.id, ${from.id}, 'line ' || n, c.rev + n, c.last_message_at + n * interval '1 millisecond'
    from chat.chats c, generate_series(1, ${count}::int) as n where c.id = ${chatId}`;
  await sql`
    update chat.chats c
    set rev = c.rev + ${count}, last_message_at = (select max(m.created_at) from public.messages m where m.chat_id = c.id)
    where c.id = ${chatId}`;
}

export async function a_search_hit_is_gone_to_and_back(world: World): Promise<void> {
  const [ann, ben, cat] = (await friends(3)) as [Person, Person, Person];
  const [chat, other] = [await directChat(ann, ben), await directChat(ann, cat)];
  await send(ben, chat, ["The Café opens at nine"]);
  await fill(ben, chat);
  await send(cat, other, ["Which cafe?"]);
  const a = await world.device(ann);
  await a.page.getByRole("searchbox").fill("caf");
  const hits = a.page.locator(".entry");
  await until("both are found", async () => (await hits.count()) === 2);
  await hits.filter({ hasText: "The Café opens at nine" }).click();
  await comesIntoView(a, "The Café opens at nine");
  ok((await a.page.locator(".row.goal").textContent())?.includes("The Café"));
  equal(await a.message(`line ${LINES}`).count(), 0, "the newest are not loaded");
  await comesIntoView(a, "line 1");
  // Scrolling down joins the two parts of the chat, without a gap.
  await a.page.getByRole("button", { name: "To the newest messages" }).click();
  await comesIntoView(a, `line ${LINES}`);
  await a.page.getByRole("searchbox").fill("nothing has these words");
  await a.page.getByText("Nothing was found.").waitFor();
  await a.page.getByRole("searchbox").fill("");
  await a.chats.first().waitFor();
}

export async function the_original_of_a_reply_is_gone_to(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  await send(ben, chat, ["Long ago"]);
  const original = await as(ben, async (tx) => (await tx`select id from public.messages where chat_id = ${chat}`)[0]!.id as string);
  await fill(ben, chat);
  await as(ben, (tx) => tx`select public.send_message(chat_id => ${chat}::uuid, text => 'Do you remember?', reply_to_id => ${original}::uuid)`);
  const a = await world.device(ann);
  await a.open(chat);
  await a.page.getByRole("button", { name: "To the newest messages" }).click();
  await comesIntoView(a, "Do you remember?");
  await a.message("Do you remember?").locator("blockquote button").click();
  await comesIntoView(a, "Long ago");
}

export async function mentions_are_listed_and_gone_to(world: World): Promise<void> {
  const [ann, ben, author] = (await friends(3)) as [Person, Person, Person];
  const { chat } = await openRoom(author, [ann, ben]);
  const b = await world.device(ben);
  await b.open(chat);
  const name = `@Guest ${ann.id.slice(-4)}`;
  await b.say(`${name} can you come?`);
  await b.hasSentAll();
  await fill(ben, chat, 150);
  const a = await world.device(ann);
  await a.chats.getByText("you are mentioned").waitFor();
  await a.page.getByRole("button", { name: "Mentions 1 unread" }).click();
  await a.page.locator(".entry", { hasText: "can you come?" }).click();
  await comesIntoView(a, `${name} can you come?`);
  await b.say(`And ${name}, when?`);
  await a.page.locator(".entry", { hasText: "when?" }).waitFor();
  // All is read, and nobody is mentioned any more.
  await a.page.getByRole("button", { name: "To the newest messages" }).click();
  await a.sees(`And ${name}, when?`);
  await a.page.getByRole("button", { name: "Mentions", exact: true }).waitFor();
}

export async function a_chat_opens_at_its_first_unread_message_however_far_it_is(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  await send(ann, chat, ["I have read this"]);
  await fill(ben, chat, 250);
  const a = await world.device(ann);
  await a.chats.getByText("99+ unread").waitFor();
  await until("the title counts them", async () => (await a.page.title()).startsWith("(99+) "));
  await a.open(chat);
  await comesIntoView(a, "line 1");
  await a.page.getByText("New messages", { exact: true }).waitFor();
  await a.page.getByRole("button", { name: "To the newest messages" }).click();
  await comesIntoView(a, "line 250");
  await a.chats.getByText("unread").waitFor({ state: "detached" });
}

export async function a_deleted_message_is_not_gone_to(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  await send(ann, chat, ["A mistake"]);
  const a = await world.device(ann);
  await a.page.getByRole("searchbox").fill("mistake");
  await a.page.locator(".entry", { hasText: "A mistake" }).waitFor();
  await as(ann, (tx) => tx`select public.delete_message(m.chat_id, m.id) from public.messages m where m.chat_id = ${chat}`);
  a.expects = /status of 404/;
  await a.page.locator(".entry", { hasText: "A mistake" }).click();
  await a.page.getByRole("alert").getByText("not available any more").waitFor();
}
