// A person's own settings of a chat, on all their devices; and who has read.
import { directChat, friends, send, until, type Person, type World } from "./world.ts";

export async function chats_are_pinned_muted_and_archived_on_all_devices(world: World): Promise<void> {
  const [ann, ben, cat] = (await friends(3)) as [Person, Person, Person];
  const [first, second] = [await directChat(ann, ben), await directChat(ann, cat)];
  await send(ben, first, ["From Ben"]);
  await send(cat, second, ["From Cat"]);
  const [phone, laptop] = [await world.device(ann), await world.device(ann)];
  const title = (count: string) => until(`the title counts ${count || "nothing"}`, async () => (await laptop.page.title()).startsWith(count ? `(${count}) ` : "Guest"));
  const order = (...lasts: string[]) => until(`the order is ${lasts.join(", ")}`, async () =>
    JSON.stringify(await laptop.chats.locator(".last").allTextContents()) === JSON.stringify(lasts));
  await order("From Cat", "From Ben");
  await title("2");

  await phone.open(first);
  await title("1");
  await phone.choose("Pin");
  await order("From Ben", "From Cat");
  await laptop.chats.filter({ hasText: "From Ben" }).getByText("pinned").waitFor();

  await phone.open(second);
  await title("");
  await phone.choose("Mute for an hour");
  await laptop.chats.filter({ hasText: "From Cat" }).getByText("muted").waitFor();
  await phone.page.evaluate(() => void (location.hash = ""));
  await send(cat, second, ["Are you asleep?"]);
  await laptop.chats.getByText("1 unread").waitFor();
  await title("");
  await phone.open(second);
  await phone.choose("Unmute");
  await laptop.page.getByText("muted").waitFor({ state: "detached" });

  await phone.choose("Archive");
  await order("From Ben");
  await laptop.page.getByRole("button", { name: "Archive" }).click();
  await order("Are you asleep?");
  // A message ends it.
  await send(cat, second, ["Hello?"]);
  await laptop.page.getByText("The archive is empty.").waitFor();
  await laptop.page.getByRole("button", { name: "Chats", exact: true }).click();
  await order("From Ben", "Hello?");
}

export async function a_chat_is_marked_as_unread_until_it_is_opened(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  await send(ben, chat, ["Do not forget"]);
  const [phone, laptop] = [await world.device(ann), await world.device(ann)];
  await phone.open(chat);
  await laptop.chats.getByText("1 unread").waitFor({ state: "detached" });
  await phone.choose("Mark as unread");
  await phone.page.getByText("Choose a chat").waitFor();
  await laptop.chats.getByText("marked as unread").waitFor();
  await laptop.open(chat);
  for (const device of [phone, laptop]) await device.chats.getByText("marked as unread").waitFor({ state: "detached" });
}

export async function who_has_read_is_known_after_a_reload(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  const [a, b] = [await world.device(ann), await world.device(ben)];
  await a.open(chat);
  await a.say("Have you seen this?");
  await a.message("Have you seen this?").getByText("sent").waitFor();
  await b.open(chat);
  await a.message("Have you seen this?").getByText("seen", { exact: true }).waitFor();
  await b.page.context().close();
  await a.page.reload();
  await a.message("Have you seen this?").getByText("seen", { exact: true }).waitFor();
}
