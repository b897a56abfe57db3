// Reactions, replies and mentions.
import { deepEqual, equal } from "node:assert/strict";
import { directChat, friends, openRoom, until, type Person, type World } from "./world.ts";

export async function reactions_are_seen_by_everybody_at_once(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  const [a, b] = [await world.device(ann), await world.device(ben)];
  await Promise.all([a.open(chat), b.open(chat)]);
  await a.say("Friday?");
  await b.sees("Friday?");
  const name = ({ id }: Person) => `Guest ${id.slice(-4)}`;
  const reaction = (device: typeof a, label: string) => device.message("Friday?").getByRole("button", { name: label, exact: true });

  // Shown before there is an answer.
  let letGo = () => {};
  const mayGo = new Promise<void>((resolve) => (letGo = resolve));
  await b.page.route(/\/reactions\//, async (route) => {
    await mayGo;
    await route.continue();
  });
  await (await b.menu(b.message("Friday?"))).getByRole("button", { name: "👍" }).click();
  await reaction(b, "👍 1: you").waitFor();
  equal(await reaction(a, `👍 1: ${name(ben)}`).count(), 0);
  letGo();
  await reaction(a, `👍 1: ${name(ben)}`).click();
  await reaction(a, `👍 2: ${name(ben)}, you`).waitFor();
  await reaction(b, `👍 2: you, ${name(ann)}`).waitFor();
  equal(await reaction(b, `👍 2: you, ${name(ann)}`).getAttribute("aria-pressed"), "true");
  const menu = await a.menu(a.message("Friday?"));
  await menu.getByText("Who has reacted").click();
  await until("all are named", async () => (await menu.locator("li").allTextContents()).join() === `👍 ${name(ben)},👍 You`);
  await a.page.keyboard.press("Escape");
  await reaction(b, `👍 2: you, ${name(ann)}`).click();
  await reaction(b, `👍 1: ${name(ann)}`).waitFor();
  await reaction(a, "👍 1: you").click();
  await Promise.all([a, b].map((device) => device.page.locator(".reactions").waitFor({ state: "detached" })));
}

export async function a_refused_reaction_is_taken_back_and_told(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const a = await world.device(ann);
  await a.open(await directChat(ann, ben));
  await a.say("Friday?");
  await a.hasSentAll();
  a.expects = /status of 403/;
  const refuse = { error: { code: "blocked", message: "refused by the test" } };
  await a.page.route(/\/reactions\//, (route) =>
    route.request().method() === "OPTIONS" ? route.fallback() : route.fulfill({ status: 403, json: refuse, headers: { "Access-Control-Allow-Origin": "*" } }));
  await (await a.menu(a.message("Friday?"))).getByRole("button", { name: "🎉" }).click();
  await a.page.getByRole("alert").getByText("refused by the test").waitFor();
  equal(await a.page.locator(".reactions").count(), 0);
}

export async function replies_quote_and_follow_their_originals(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  const [a, b] = [await world.device(ann), await world.device(ben)];
  await Promise.all([a.open(chat), b.open(chat)]);
  await a.say("Se you at eight");
  await b.sees("Se you at eight");
  await b.choose("Reply", b.message("Se you at eight"));
  await b.page.getByText("Reply to").waitFor();
  await b.page.getByRole("button", { name: "No reply" }).click();
  await b.page.getByText("Reply to").waitFor({ state: "detached" });
  await b.choose("Reply", b.message("Se you at eight"));
  await b.page.keyboard.type("Fine");
  await b.page.keyboard.press("Enter");
  await b.page.getByText("Reply to").waitFor({ state: "detached" });
  const quote = (device: typeof a, text: string) => device.message("Fine").locator("blockquote", { hasText: text });
  for (const device of [a, b]) await quote(device, "Se you at eight").waitFor();
  await a.choose("Edit", a.message("Se you at eight"));
  await a.page.getByLabel("Edit the message").fill("See you at eight");
  await a.page.keyboard.press("Enter");
  for (const device of [a, b]) await quote(device, "See you at eight").waitFor();
  await a.choose("Delete", a.message("See you at eight").first());
  await a.confirm();
  for (const device of [a, b]) await quote(device, "This message is not available").waitFor();
  await a.page.reload();
  await quote(a, "This message is not available").waitFor();
}

export async function people_are_mentioned_by_their_names(world: World): Promise<void> {
  const [ann, ben, author] = (await friends(3)) as [Person, Person, Person];
  const { chat } = await openRoom(author, [ann, ben]);
  const [a, b] = [await world.device(ann), await world.device(ben)];
  await a.open(chat);
  const box = a.page.getByLabel("Message", { exact: true });
  const name = `Guest ${ben.id.slice(-4)}`;
  await box.pressSequentially(`Ask @gue`);
  await a.page.getByRole("button", { name: `@${name}` }).click();
  await a.page.keyboard.type("please");
  equal(await box.inputValue(), `Ask @${name} please`);
  await a.page.keyboard.press("Enter");
  await a.hasSentAll();
  await a.page.locator("mark", { hasText: `@${name}` }).waitFor();
  await b.chats.getByText("1 unread").waitFor();
  await b.open(chat);
  await b.page.locator("mark.me", { hasText: `@${name}` }).waitFor();
  // An edit takes the name out, and with it the mention.
  await a.choose("Edit", a.message(`Ask @${name} please`));
  await a.page.getByLabel("Edit the message").fill("Ask somebody");
  await a.page.keyboard.press("Enter");
  await b.sees("Ask somebody");
  await until("nobody is mentioned", async () => (await b.page.locator("mark").count()) === 0);
  deepEqual(await b.texts(), ["Ask somebody"]);
}
