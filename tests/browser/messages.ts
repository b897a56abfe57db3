// What two people see of each other's messages.
import { deepEqual, equal } from "node:assert/strict";
import { befriend, directChat, friends, seeded, send, sql, stored, until, type Person, type World } from "./world.ts";

async function two(world: World) {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  const devices = [await world.device(ann), await world.device(ben)] as const;
  return { ann, ben, chat, devices };
}

export async function the_first_message_is_seen_live(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const a = await world.device(ann);
  const b = await world.device(ben);
  await b.page.getByText("You have no chats yet.").waitFor();
  await a.page.getByText("New chat").click();
  await a.page.getByLabel("Somebody else, by their user id").fill(ben.id);
  await a.page.getByRole("button", { name: "Open" }).click();
  await a.page.locator(".timeline").waitFor();
  await a.say("Hello!");
  const entry = b.chats.filter({ hasText: "Hello!" });
  await entry.getByText("1 unread").waitFor();
  await until("the title counts it", async () => (await b.page.title()) === `(1) Guest ${ben.id.slice(-4)} · Chat`);
  await entry.getByRole("link").click();
  await b.sees("Hello!");
  await entry.getByText("1 unread").waitFor({ state: "detached" });
  await a.message("Hello!").getByText("seen").waitFor();

  // Typing is told once: to the devices that have joined the chat's channel by then.
  await a.page.getByText("Here now").waitFor();
  await b.page.getByLabel("Message", { exact: true }).pressSequentially("Hi");
  await a.page.getByText("is typing…").waitFor();
  await b.page.keyboard.press("Enter");
  await a.sees("Hi");
  await a.page.getByText("is typing…").waitFor({ state: "detached" });
  await b.page.context().close();
  await a.page.getByText("Away").waitFor();
}

export async function everybody_sees_one_order(world: World): Promise<void> {
  const { chat, devices: [a, b] } = await two(world);
  await Promise.all([a.open(chat), b.open(chat)]);
  const of = (name: string) => Array.from({ length: 15 }, (_, index) => `${name} ${index + 1}`);
  await Promise.all([a.say(...of("ann")), b.say(...of("ben"))]);
  await until("30 messages are stored", async () => (await stored(chat)).length === 30);
  const texts = await stored(chat);
  for (const name of ["ann", "ben"]) deepEqual(texts.filter((text) => text.startsWith(name)), of(name));
  for (const device of [a, b]) {
    await device.sees(texts.at(-1)!);
    await device.hasSentAll();
    await until("both show the same", async () => (await device.texts()).length === 30);
    deepEqual(await device.texts(), texts);
  }
}

export async function edited_and_deleted_messages_change_for_everybody(world: World): Promise<void> {
  const { chat, devices: [a, b] } = await two(world);
  await Promise.all([a.open(chat), b.open(chat)]);
  await a.say("Se you at eight", "Wrong chat");
  await b.sees("Wrong chat");
  await a.choose("Edit", a.message("Se you at eight"));
  await a.page.getByLabel("Edit the message").fill("See you at eight");
  await a.page.keyboard.press("Enter");
  await b.message("See you at eight").getByText("edited").waitFor();
  await a.choose("Delete", a.message("Wrong chat"));
  await a.page.keyboard.press("Escape");
  await a.page.getByRole("dialog").waitFor({ state: "detached" });
  await a.sees("Wrong chat");
  await a.choose("Delete", a.message("Wrong chat"));
  await a.confirm();
  await Promise.all([a.seesNot("Wrong chat"), b.seesNot("Wrong chat")]);
  deepEqual(await stored(chat), ["See you at eight"]);
}

export async function a_chat_opens_at_its_first_unread_message(world: World): Promise<void> {
  const { ann, ben, chat, devices: [a] } = await two(world);
  await send(ann, chat, ["I begin"]);
  await send(ben, chat, Array.from({ length: 40 }, (_, index) => `unread ${index + 1}`));
  await a.chats.getByText("40 unread").waitFor();
  await a.open(chat);
  const isInView = () => a.page.getByText("New messages", { exact: true }).evaluate((line) => {
    const [top, box] = [line.getBoundingClientRect().top, document.querySelector(".scroll")!.getBoundingClientRect()];
    return top > box.top && top < box.bottom;
  });
  await until("the line is in view", isInView);
  await a.sees("unread 1");
  equal(await a.chats.getByText("40 unread").count(), 1, "what is below the screen is not read yet");
  await a.page.getByRole("button", { name: "To the newest messages" }).click();
  await a.sees("unread 40");
  await a.chats.getByText("40 unread").waitFor({ state: "detached" });
}

export async function what_comes_into_an_open_chat_does_not_flash_as_unread(world: World): Promise<void> {
  const { ann, ben, chat, devices: [a] } = await two(world);
  await a.open(chat);
  await send(ben, chat, ["Hello"]);
  await a.sees("Hello");
  await a.chats.getByText("unread").waitFor({ state: "detached" });
  // Whatever stands in the page, however short: in the list, and in the title.
  const flashes = await a.page.evaluateHandle(() => {
    const found: string[] = [];
    new MutationObserver(() => {
      const counts = [...document.querySelectorAll(".badge")].map((badge) => badge.textContent);
      found.push(...counts.map(String), ...(document.title.startsWith("(") ? [document.title] : []));
    }).observe(document, { subtree: true, childList: true, characterData: true });
    return found;
  });
  for (const text of ["One", "Two", "Three", "Four"]) {
    await send(ben, chat, [text]);
    await a.sees(text);
  }
  await until("the server has them as read", async () => {
    const [row] = await sql`
      select r.last_read_at = (select max(created_at) from public.messages where chat_id = ${chat}) as done
      from chat.read_marks as r where r.chat_id = ${chat} and r.user_id = ${ann.id}`;
    return row?.done === true;
  });
  deepEqual(await flashes.jsonValue(), []);
}

export async function an_edited_message_keeps_its_lines(world: World): Promise<void> {
  const { chat, devices: [a] } = await two(world);
  await a.open(chat);
  await a.say("Milk\nBread");
  await a.hasSentAll();
  const edit = async (...keys: string[]) => {
    await a.choose("Edit", a.page.locator("article"));
    for (const key of keys) await a.page.keyboard.press(key);
    await a.page.getByLabel("Edit the message").waitFor({ state: "detached" });
  };
  await edit("Control+End", "Shift+Enter", "J", "a", "m", "Enter");
  await a.page.getByText("edited").waitFor();
  await edit("X", "Escape");
  deepEqual(await a.texts(), ["Milk\nBread\nJam"]);
  deepEqual(await stored(chat), ["Milk\nBread\nJam"]);
}

export async function a_text_that_is_too_long_is_told_and_stays(world: World): Promise<void> {
  const { chat, devices: [a] } = await two(world);
  await a.open(chat);
  // Characters of Unicode count, not units of UTF-16.
  await a.say("🙂".repeat(4001));
  await a.page.getByText("4001 characters: a message has at most 4000.").waitFor();
  equal(await a.page.locator("article").count(), 0);
  await a.page.keyboard.press("Backspace");
  await a.page.getByText("4001 characters").waitFor({ state: "detached" });
  await a.page.keyboard.press("Enter");
  await a.hasSentAll();
  deepEqual(await stored(chat), ["🙂".repeat(4000)]);
}

export async function the_people_and_chats_of_the_seed_are_told_apart(world: World): Promise<void> {
  const [carol, dave] = await Promise.all([seeded("carol"), seeded("dave")]);
  const c = await world.device(carol);
  for (const kind of [/SP.*Authors · 2 people/, /SG.*Group · \d people/]) await c.chats.filter({ hasText: kind }).waitFor();
  await c.page.getByText("New chat").click();
  c.expects = /status of 403/;
  await c.page.getByRole("button", { name: "Erin" }).click();
  await c.page.getByRole("alert").waitFor();
  await befriend(carol, dave);
  await c.page.getByRole("button", { name: "Dave" }).click();
  await c.page.getByRole("heading", { name: "Dave" }).waitFor();
}

/** React's StrictMode mounts twice, and stops the client between. */
export async function a_page_that_mounts_twice_is_live(world: World): Promise<void> {
  const { ben, chat, devices: [a] } = await two(world);
  await a.page.reload();
  await a.isConnected("Connected");
  await a.chats.first().waitFor();
  await send(ben, chat, ["To the list"]);
  await a.chats.getByText("To the list").waitFor({ timeout: 5000 });
  await a.open(chat);
  await a.page.getByText("Away").waitFor();
  await a.page.reload();
  await a.sees("To the list");
  await a.isConnected("Connected");
  await send(ben, chat, ["To the chat"]);
  await a.message("To the chat").waitFor({ timeout: 5000 });
  equal(await a.message("To the chat").count(), 1);
}
