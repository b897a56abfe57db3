// Networks and servers that fail: no message is lost, none comes twice.
import { deepEqual, equal } from "node:assert/strict";
import { directChat, env, friends, realtime, send, stored, until, type Person, type World } from "./world.ts";

const BROKEN = /net::ERR_|WebSocket connection/;

async function two(world: World) {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  const [a, b] = [await world.device(ann), await world.device(ben)];
  await Promise.all([a.open(chat), b.open(chat)]);
  return { ann, ben, chat, a, b };
}

export async function what_is_written_offline_is_sent_later(world: World): Promise<void> {
  const { chat, a, b } = await two(world);
  a.expects = BROKEN;
  await a.page.context().setOffline(true);
  await a.isConnected("Offline");
  await a.say("one", "two", "three");
  await a.message("three").getByText("Waiting").waitFor();
  await b.say("meanwhile");
  await b.hasSentAll();
  await a.page.context().setOffline(false);
  await a.isConnected("Connected");
  for (const device of [a, b]) {
    await device.sees("three");
    await device.sees("meanwhile");
  }
  await a.hasSentAll();
  deepEqual(await stored(chat), ["meanwhile", "one", "two", "three"]);
  for (const device of [a, b]) deepEqual(await device.texts(), ["meanwhile", "one", "two", "three"]);
}

export async function a_lost_answer_makes_no_second_message(world: World): Promise<void> {
  const { chat, a, b } = await two(world);
  a.expects = BROKEN;
  let lost = 0;
  await a.catchSends(async (route) => {
    if (lost === 2) return route.fallback();
    lost++;
    await route.fetch();
    await route.abort();
  });
  await a.say("Only once", "And this after it");
  await b.sees("And this after it");
  await a.hasSentAll();
  equal(lost, 2);
  deepEqual(await stored(chat), ["Only once", "And this after it"]);
  for (const device of [a, b]) deepEqual(await device.texts(), ["Only once", "And this after it"]);
}

export async function an_unsent_message_outlives_a_reload(world: World): Promise<void> {
  const { chat, a, b } = await two(world);
  a.expects = BROKEN;
  const stop = await a.catchSends((route) => route.abort());
  await a.say("Kept", "In order");
  await a.message("Kept").getByText("Waiting").waitFor();
  await a.page.reload();
  await a.message("In order").getByText("Waiting").waitFor();
  await stop();
  await b.sees("In order");
  await a.hasSentAll();
  deepEqual(await stored(chat), ["Kept", "In order"]);
}

export async function a_refused_message_is_sent_again_or_taken_back(world: World): Promise<void> {
  const { chat, a, b } = await two(world);
  a.expects = /status of 403/;
  const refuse = { error: { code: "blocked", message: "refused by the test" } };
  const stop = await a.catchSends((route) => route.fulfill({ status: 403, json: refuse, headers: { "Access-Control-Allow-Origin": "*" } }));
  await a.say("Better not", "Once more");
  await a.message("Once more").getByText("refused by the test").waitFor();
  await stop();
  await a.message("Better not").getByRole("button", { name: "Cancel" }).click();
  await a.seesNot("Better not");
  await a.message("Once more").getByRole("button", { name: "Send again" }).click();
  await b.sees("Once more");
  deepEqual(await stored(chat), ["Once more"]);
}

export async function an_unreachable_api_is_told(world: World): Promise<void> {
  const { chat, a, b } = await two(world);
  a.expects = BROKEN;
  const isOfApi = (url: URL) => url.href.startsWith(env.edge);
  await a.page.route(isOfApi, (route) => route.abort());
  await a.say("Waits");
  await a.isConnected("Offline");
  await a.message("Waits").getByText("Waiting").waitFor();
  await a.page.unroute(isOfApi);
  await b.sees("Waits");
  await a.isConnected("Connected");
  deepEqual(await stored(chat), ["Waits"]);
}

export async function without_realtime_the_client_asks(world: World): Promise<void> {
  const { ann, ben, chat, a, b } = await two(world);
  for (const device of [a, b]) device.expects = BROKEN;
  await realtime({ absent: true });
  try {
    for (const device of [a, b]) await device.isConnected("No live connection");
    await a.say("Do you hear me?");
    await b.sees("Do you hear me?");
    await b.say("Yes");
    await a.sees("Yes");
    const fresh = await world.blank();
    fresh.expects = BROKEN;
    await fresh.page.getByLabel("E-mail").fill(ann.email);
    await fresh.page.getByLabel("Password").fill(ann.password);
    await fresh.page.getByRole("button", { name: "Sign in" }).click();
    await fresh.chats.getByText("Yes").waitFor();
    await fresh.open(chat);
    await send(ben, chat, ["To both"]);
    for (const device of [a, fresh]) await device.sees("To both");
  } finally {
    await realtime({});
  }
  for (const device of [a, b]) await device.isConnected("Connected");
  await send(ben, chat, ["Live again"]);
  await a.message("Live again").waitFor({ timeout: 5000 });
  await until("the database has all", async () => (await stored(chat)).length === 4);
}
