// Who leaves, who is removed, and whose token ends.
import { equal } from "node:assert/strict";
import { directChat, friends, openRoom, send, sql, until, type Person, type World } from "./world.ts";

export async function a_left_chat_is_gone_until_the_other_writes(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  await send(ann, chat, ["Before"]);
  const [a, b] = [await world.device(ann), await world.device(ben)];
  await Promise.all([a.open(chat), b.open(chat)]);
  await b.sees("Before");
  // A browser writes each refused request into its console.
  b.expects = /status of 403/;
  await b.choose("Leave the chat");
  await b.page.getByRole("dialog", { name: "Leave this chat?" }).getByRole("button", { name: "Cancel" }).click();
  await b.sees("Before");
  await b.choose("Leave the chat");
  await b.confirm();
  await b.page.getByText("You have no chats yet.").waitFor();
  await b.page.getByText("Choose a chat").waitFor();
  await a.say("Are you there?");
  await b.chats.getByText("Are you there?").waitFor();
  await b.open(chat);
  await b.sees("Are you there?");
  equal(await b.message("Before").count(), 0);
}

export async function a_person_removed_from_a_group_sees_nothing_more(world: World): Promise<void> {
  const [ann, ben, author] = (await friends(3)) as [Person, Person, Person];
  const { room, chat } = await openRoom(author, [ann, ben]);
  await send(ann, chat, ["To the group"]);
  const [a, b] = [await world.device(ann), await world.device(ben)];
  await Promise.all([a.open(chat), b.open(chat)]);
  await b.sees("To the group");
  await a.page.getByText("is here now").waitFor();
  b.expects = /status of 403/;
  await sql`select chat_tests.remove_members(${[room]}, ${[ben.id]})`;
  await b.page.getByText("You are not in this chat.").waitFor();
  equal(await b.message("To the group").count(), 0);
  await b.page.getByText("You have no chats yet.").waitFor();
  await a.say("Without Ben");
  await a.hasSentAll();
  // Back in the group, Ben has its whole history: only direct chats begin again.
  await sql`select chat_tests.add_members(${[room]}, ${[ben.id]})`;
  await b.chats.first().waitFor();
  await b.sees("Without Ben");
  await a.say("With Ben");
  await b.sees("With Ben");
}

export async function a_refreshed_token_changes_nothing_on_the_screen(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  const [a, b] = [await world.device(ann), await world.device(ben)];
  await Promise.all([a.open(chat), b.open(chat)]);
  await a.page.getByText("Here now").waitFor();
  const token = () => a.page.evaluate(() => JSON.parse(sessionStorage["demo-me"]).access_token as string);
  const before = await token();
  // The time runs on: supabase-js finds its token ended as soon as the page is looked at.
  await a.page.evaluate(() => {
    const session = JSON.parse(sessionStorage["demo-me"]);
    sessionStorage["demo-me"] = JSON.stringify({ ...session, expires_at: 1 });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  });
  await until("there is a new token", async () => (await token()) !== before);
  await b.say("Still there?");
  await a.message("Still there?").waitFor({ timeout: 5000 });
  await a.say("Yes");
  await b.message("Yes").waitFor({ timeout: 5000 });
  await a.isConnected("Connected");
}
