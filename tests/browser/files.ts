// Files: progress, abort, and pictures that move nothing.
import { deepEqual, equal, ok } from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { deflateSync, crc32 } from "node:zlib";
import type { Device } from "./device.ts";
import { directChat, friends, sql, until, type Person, type World } from "./world.ts";

async function pick(device: Device, name: string, mimeType: string, buffer: Buffer): Promise<void> {
  const chooser = device.page.waitForEvent("filechooser");
  await device.page.getByRole("button", { name: "Send a file" }).click();
  await (await chooser).setFiles({ name, mimeType, buffer });
}

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
  await pick(a, "report.pdf", "application/pdf", Buffer.alloc(4_000_000, "%PDF-1.7 "));
  const progress = a.page.getByLabel("Upload of report.pdf");
  await until("the upload is under way", async () => {
    const value = await progress.evaluate((bar: HTMLProgressElement) => bar.value);
    return value > 0 && value < 1;
  });
  await a.page.getByRole("button", { name: "Stop the upload" }).click();
  await progress.waitFor({ state: "detached" });
  equal(await messagesOf(chat), 0);

  await limit(-1);
  await pick(a, "Übersicht für Zoë.txt", "text/plain", Buffer.from("Hello from a file"));
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
  await pick(a, "sky.png", "image/png", png(640, 400));
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

/** A picture of an evening sky. */
export function png(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Eight bits for each of red, green and blue.
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Array.from({ length: height }, (_, y) => {
    const row = Buffer.alloc(1 + width * 3);
    for (let x = 0; x < width; x++) row.set(sky(x / width, y / height), 1 + x * 3);
    return row;
  });
  const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(Buffer.concat(rows))), chunk("IEND", Buffer.alloc(0))];
  return Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), ...parts]);
}

function sky(x: number, y: number): [number, number, number] {
  if (Math.hypot((x - 0.68) * 1.6, y - 0.58) < 0.11) return [255, 236, 190];
  if (y > 0.7 + 0.08 * Math.sin(x * 9) + 0.03 * Math.sin(x * 23)) return [38, 34, 66];
  if (y > 0.6 + 0.07 * Math.sin(x * 6 + 2)) return [84, 62, 110];
  const level = Math.floor(y * 12) / 12;
  return [70 + 180 * level, 80 + 70 * level, 150 - 30 * level];
}
