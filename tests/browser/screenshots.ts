// The pictures of the docs. `WRITE_SCREENSHOTS=1 cargo xtask test browser screenshots` writes them into docs/images;
// otherwise they go to .dev/browser, so that a test changes no file of the project.
import { ok } from "node:assert/strict";
import { mkdirSync, statSync } from "node:fs";
import type { Device } from "./device.ts";
import { png } from "./picture.ts";
import { befriend, directChat, seeded, send, sql, until, type World } from "./world.ts";

const FOLDER = process.env.WRITE_SCREENSHOTS ? "docs/images" : ".dev/browser";
const MOST_BYTES = 150_000;
const WIDE = { width: 1120, height: 720 };
const NARROW = { width: 390, height: 720 };

export async function screenshots_show_list_and_chat(world: World): Promise<void> {
  const [alice, bob, carol, dave, frank] = await Promise.all(["alice", "bob", "carol", "dave", "frank"].map(seeded));
  for (const friend of [dave, frank]) await befriend(alice!, friend!);
  const chats = await Promise.all([dave, frank, carol, bob].map((friend) => directChat(alice!, friend!)));
  const [party] = await sql`select id from chat.chats where type = 'event_authors' and event_id = 'e0e00000-0000-4000-8000-000000000001'`;
  await send(dave!, chats[0]!, ["Thanks for adding me. See you there!"]);
  await send(alice!, chats[0]!, ["Bring your guitar"]);
  await send(frank!, chats[1]!, ["The sound system is booked"]);
  await send(carol!, party!.id, ["I have printed the guest list", "Doors at eight?", "Also, who has the key?"]);
  await send(carol!, chats[2]!, ["Coffee tomorrow?", "I am near your office"]);
  const chat = chats[3]!;
  await send(bob!, chat, ["Is the terrace still free on Saturday?"]);
  await send(alice!, chat, ["Yes, all ours from six", "I was up there last night. Look at this light:"]);

  const options = { viewport: WIDE, colorScheme: "light" as const };
  const [a, b] = [await world.device(alice!, options), await world.device(bob!, options)];
  await Promise.all([a.open(chat), b.open(chat)]);
  await a.pick("terrace.png", "image/png", png(640, 360));
  await a.hasSentAll();
  await b.page.locator(".picture img").waitFor();
  await b.say("Wow. That settles it!");
  await b.hasSentAll();
  await b.pick("playlist.pdf", "application/pdf", Buffer.alloc(184_000, "%PDF-1.7 "));
  await b.hasSentAll();
  await b.say("Here is the playlist, tell me what is missing");
  await a.sees("Here is the playlist, tell me what is missing");
  await a.say("Perfect. I will bring the lights", "See you at six?");
  await a.hasSentAll();
  await b.sees("See you at six?");
  await a.message("See you at six?").getByText("seen").waitFor();

  await until("Bob types", async () => {
    await b.page.getByLabel("Message", { exact: true }).pressSequentially(".");
    return a.page.getByText("Bob is typing…").isVisible();
  });
  await picture(a, "demo-light");
  await a.page.getByText("Here now").waitFor();
  await a.page.emulateMedia({ colorScheme: "dark" });
  await picture(a, "demo-dark");
  await a.page.setViewportSize(NARROW);
  await a.page.locator(".scroll").evaluate((scroll) => (scroll.scrollTop = scroll.scrollHeight));
  await picture(a, "demo-chat-narrow-dark");
  await a.page.getByRole("button", { name: "Back to the list" }).click();
  await a.page.emulateMedia({ colorScheme: "light" });
  await picture(a, "demo-list-narrow-light");
}

/** The same at every run: the times are replaced. */
async function picture({ page }: Device, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.evaluate(() => {
    for (const [index, time] of [...document.querySelectorAll(".message time")].entries()) time.textContent = `18:${String(20 + index * 2)}`;
    for (const [index, time] of [...document.querySelectorAll(".chats time")].entries()) time.textContent = ["18:42", "17:55", "16:08", "Yesterday", "Monday"][index] ?? "Sunday";
  });
  mkdirSync(FOLDER, { recursive: true });
  const path = `${FOLDER}/${name}.png`;
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  ok(statSync(path).size <= MOST_BYTES, `${path} has ${statSync(path).size} bytes`);
}
