// Files: progress, abort, and pictures that move nothing.
import { deepEqual, equal, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { png } from "./picture.ts";
import { directChat, friends, sql, until, type Person, type World } from "./world.ts";

const messagesOf = async (chat: string) => Number((await sql`select count(*) from public.messages where chat_id = ${chat}`)[0]!.count);

export async function an_upload_tells_its_progress_and_can_be_stopped(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  const [a, b] = [await world.device(ann), await world.device(ben)];
  await Promise.all([a.open(chat), b.open(chat)]);
  const slow = await a.page.context().newCDPSession(a.page);
  const limit = (uploadThroughput: number) =>
    slow.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput });

  await limit(400_000);
  await a.pick("report.pdf", "application/pdf", Buffer.alloc(4_000_000, "%PDF-1.7 "));
  const progress = a.page.getByLabel("Upload of report.pdf");
  await until("the upload is under way", async () => {
    const value = await progress.evaluate((bar: HTMLProgressElement) => bar.value);
    return value > 0 && value < 1;
  });
  await a.page.getByRole("button", { name: "Stop the upload" }).click();
  await progress.waitFor({ state: "detached" });
  equal(await messagesOf(chat), 0);

  await limit(-1);
  await a.pick("Übersicht für Zoë.txt", "text/plain", Buffer.from("Hello from a file"));
  await a.hasSentAll();
  await b.page.getByText("Übersicht für Zoë.txt").waitFor();
  const link = b.page.getByRole("link", { name: "Übersicht für Zoë.txt" });
  await until("it has a URL", async () => (await link.getAttribute("href")) !== null);
  const download = b.page.waitForEvent("download");
  await link.click();
  equal((await download).suggestedFilename(), "Übersicht für Zoë.txt");
  equal(await readFile(await (await download).path(), "utf8"), "Hello from a file");
  equal(await messagesOf(chat), 1);
}

export async function a_picture_has_its_room_before_it_comes(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  const [a, b] = [await world.device(ann), await world.device(ben)];
  await Promise.all([a.open(chat), b.open(chat)]);
  // The picture itself comes late, so that its empty room can be measured.
  let letCome = () => {};
  const mayCome = new Promise<void>((resolve) => (letCome = resolve));
  await b.page.route(/\/object\/sign\/.*\.png/, async (route) => {
    if (route.request().resourceType() === "image") await mayCome;
    await route.continue();
  });
  await a.pick("sky.png", "image/png", png(640, 400));
  await a.page.locator(".picture").waitFor();
  await a.say("Look up!");
  await b.sees("Look up!");
  const picture = b.page.locator(".picture");
  const room = async () => ({ picture: await picture.boundingBox(), below: await b.message("Look up!").boundingBox() });
  await picture.locator("img").waitFor({ state: "attached" });
  const before = await room();
  letCome();
  await until("it is shown", () => picture.locator("img").evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth === 640));
  deepEqual(await room(), before);
  ok(Math.abs(before.picture!.width / before.picture!.height - 640 / 400) < 0.02, JSON.stringify(before));
  equal(await picture.locator("img").getAttribute("alt"), "sky.png");
}

export async function a_refused_file_tells_the_reason(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const a = await world.device(ann);
  await a.open(await directChat(ann, ben));
  a.expects = /status of 400/;
  await a.pick("tool.exe", "application/x-msdownload", Buffer.from("MZ"));
  await a.page.getByRole("alert").getByText("is not allowed").waitFor();
}
