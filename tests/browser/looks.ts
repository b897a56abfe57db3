// How the page moves, and who can use it.
import { deepEqual, equal, ok } from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Device } from "./device.ts";
import { png } from "./picture.ts";
import { directChat, env, friends, send, until, type Person, type World } from "./world.ts";

const LINES = 230;
const PHONE = { width: 375, height: 667 };

export async function scrolling_up_loads_more_and_nothing_jumps(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  const lines = Array.from({ length: LINES }, (_, index) => `Line ${index + 1}${" and so on".repeat(index % 17)}`);
  for (let from = 0; from < LINES; from += 5) await send(from % 2 ? ann : ben, chat, lines.slice(from, from + 5));
  const a = await world.device(ann);
  await a.open(chat);
  const scroll = a.page.locator(".scroll");
  await until("the newest message is there", async () => {
    await scroll.evaluate((element) => (element.scrollTop = element.scrollHeight));
    return a.message(lines.at(-1)!).isVisible();
  });
  // The last lines are measured, and the screen rests at the end.
  const rest = () => scroll.evaluate((element) => `${element.scrollHeight} ${Math.round(element.scrollHeight - element.scrollTop - element.clientHeight)}`);
  await until("the screen rests", async () => {
    const before = await rest();
    await a.page.waitForTimeout(300);
    return before === (await rest()) && before.endsWith(" 0");
  });
  const { jumps, seen } = await scroll.evaluate(scrollUp, lines.length);
  deepEqual(jumps, []);
  equal(seen, LINES);
  await a.sees("Line 1");
}

/** Scrolls to the top, a step in each frame. A message may move by the step, and by nothing else. */
async function scrollUp(scroll: Element, expected: number): Promise<{ jumps: string[]; seen: number }> {
  const STEP = 60;
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const box = scroll.getBoundingClientRect();
  const places = () => {
    const rows = [...scroll.querySelectorAll<HTMLElement>("[data-message] .bubble")];
    return new Map(rows.map((row) => [row.closest<HTMLElement>("[data-message]")!.dataset.message!, row.getBoundingClientRect().top]));
  };
  const jumps: string[] = [];
  const seen = new Set<string>();
  for (let idle = 0; idle < 120 && seen.size < expected; ) {
    const [before, top] = [places(), scroll.scrollTop];
    scroll.scrollTop = top - STEP;
    const step = top - scroll.scrollTop;
    await frame();
    await frame();
    const after = places();
    for (const [id, place] of after) {
      const was = before.get(id);
      seen.add(id);
      const isInView = was !== undefined && was > box.top + 5 && place < box.bottom - 5;
      if (isInView && Math.abs(place - was - step) > 2) jumps.push(`${id} moved by ${place - was} at a step of ${step}`);
    }
    idle = step === 0 ? idle + 1 : 0;
  }
  return { jumps, seen: seen.size };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function isAccessible({ page }: Device): Promise<void> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate("axe.run()")) as { violations: { id: string; nodes: { html: string }[] }[] };
  deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join("; ")}`), []);
}

export async function axe_finds_nothing(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  await send(ben, chat, ["Read", "Me"]);
  for (const colorScheme of ["light", "dark"] as const) {
    const a = await world.blank({ colorScheme });
    await a.page.getByRole("heading", { name: "Who are you?" }).waitFor();
    await isAccessible(a);
    await a.signIn(ann);
    await a.chats.first().waitFor();
    await isAccessible(a);
    await a.open(chat);
    await a.say("Mine");
    await a.hasSentAll();
    await a.page.getByText("New chat").click();
    await a.message("Mine").first().hover();
    await isAccessible(a);
  }
}

export async function everything_works_by_keyboard(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  await send(ben, chat, ["Hello"]);
  const a = await world.device(ann);
  const reach = async (label: RegExp, key = "Tab") => {
    for (let presses = 0; presses < 40; presses++) {
      await a.page.keyboard.press(key);
      const name = await a.page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "");
      if (label.test(name)) return;
    }
    throw new Error(`the keyboard does not reach ${label}`);
  };
  await reach(/Hello/);
  await a.page.keyboard.press("Enter");
  await a.page.locator(".timeline").waitFor();
  await reach(/^Message$/);
  await a.page.keyboard.type("A word");
  await a.page.keyboard.press("Enter");
  await a.sees("A word");
  await a.hasSentAll();
  await reach(/^More$/, "Shift+Tab");
  await a.page.keyboard.press("Enter");
  await reach(/^👍$/);
  await a.page.keyboard.press("Enter");
  await a.page.getByRole("button", { name: "👍 1: you" }).waitFor();
  // The menu is closed, and its button has the focus again.
  await a.page.keyboard.press("Enter");
  await reach(/Reply/);
  await a.page.keyboard.press("Enter");
  await a.page.getByText("Reply to").waitFor();
  await a.page.keyboard.type("An answer");
  await a.page.keyboard.press("Enter");
  await a.message("An answer").locator("blockquote", { hasText: "A word" }).waitFor();
  await reach(/^More$/, "Shift+Tab");
  await a.page.keyboard.press("Enter");
  await reach(/Edit/);
  await a.page.keyboard.press("Enter");
  await a.page.keyboard.type("Another word");
  await a.page.keyboard.press("Escape");
  await a.sees("An answer");
}

export async function two_people_stand_side_by_side(world: World): Promise<void> {
  const device = await world.blank();
  await device.page.goto(`${env.demo}?split`);
  for (const person of ["Alice", "Bob"]) {
    const window = device.page.frameLocator(`iframe[title="The chats of ${person.toLowerCase()}"]`);
    await window.getByRole("heading", { name: person }).waitFor();
    await window.locator(".connection", { hasText: "Connected" }).waitFor();
  }
  // Where there is no room for that, one is below the other.
  await device.page.setViewportSize(PHONE);
  const [alice, bob] = await Promise.all([0, 1].map((index) => device.page.locator("iframe").nth(index).boundingBox()));
  deepEqual([alice!.width, bob!.width], [PHONE.width, PHONE.width]);
  ok(bob!.y >= alice!.y + alice!.height);
}

export async function a_phone_cuts_nothing_off(world: World): Promise<void> {
  const [ann, ben] = (await friends(2)) as [Person, Person];
  const chat = await directChat(ann, ben);
  const [a, b] = [await world.device(ann), await world.device(ben, { viewport: PHONE })];
  await a.open(chat);
  await a.pick("wide.png", "image/png", png(1600, 400));
  await a.hasSentAll();
  const fits = async (part: string) => {
    const box = await b.page.locator(part).boundingBox();
    ok(box!.x >= 8 && box!.x + box!.width <= PHONE.width - 8, `${part}: ${JSON.stringify(box)}`);
  };
  await b.chats.getByText("1 unread").waitFor();
  for (const part of [".connection", ".chats time", ".badge"]) await fits(part);
  await b.open(chat);
  await b.page.locator(".picture img").waitFor();
  for (const part of [".bubble", ".picture", ".bubble time"]) await fits(part);
  await b.page.getByLabel("Message", { exact: true }).fill("w".repeat(5000));
  for (const part of [".text-box textarea", ".composer .main"]) await fits(part);
}
