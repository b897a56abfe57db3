// What a person sees and does in one browser.
import type { Locator, Page, Route } from "playwright-core";
import { until, type Person } from "./world.ts";

export class Device {
  readonly page: Page;
  /** What the console has told that it should not have. */
  readonly errors: string[] = [];
  /** Errors that belong to the test. */
  expects: RegExp | undefined;

  constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (error) => this.errors.push(String(error)));
    page.on("console", (message) => {
      if (!["error", "warning"].includes(message.type())) return;
      const text = `${message.text()} ${message.location().url}`;
      if (!this.expects?.test(text)) this.errors.push(text);
    });
  }

  async signIn({ email, password }: Person): Promise<void> {
    await this.page.getByLabel("E-mail").fill(email);
    await this.page.getByLabel("Password").fill(password);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    await this.isConnected("Connected");
  }

  isConnected(how: string): Promise<void> {
    return this.page.locator(".connection", { hasText: how }).waitFor();
  }

  /** The chats of the list. */
  get chats(): Locator {
    return this.page.locator(".chats > li");
  }

  async open(chatId: string): Promise<void> {
    await this.page.locator(`a[href="#${chatId}"]`).click();
    await this.page.locator(".timeline").waitFor();
  }

  async say(...texts: string[]): Promise<void> {
    for (const text of texts) {
      await this.page.getByLabel("Message", { exact: true }).fill(text);
      await this.page.keyboard.press("Enter");
    }
  }

  /** Opens the menu of a message, or of the chat if none is named. */
  async menu(of = this.page.locator(".conversation > header")): Promise<Locator> {
    await of.hover();
    await of.getByRole("button", { name: /^(More|This chat)$/ }).click();
    return this.page.locator(".menu:popover-open");
  }

  /** Chooses from a menu. */
  async choose(label: string, of?: Locator): Promise<void> {
    await (await this.menu(of)).getByRole("button", { name: label }).click();
  }

  /** Says yes to a question. */
  async confirm(): Promise<void> {
    await this.page.getByRole("dialog").locator(".main").click();
  }

  /** Sends a file. */
  async pick(name: string, mimeType: string, buffer: Buffer): Promise<void> {
    const chooser = this.page.waitForEvent("filechooser");
    await this.page.getByRole("button", { name: "Send a file" }).click();
    await (await chooser).setFiles({ name, mimeType, buffer });
  }

  /** The bubble with this text. */
  message(text: string): Locator {
    return this.page.locator("article", { has: this.page.getByText(text, { exact: true }) });
  }

  async sees(text: string): Promise<void> {
    await this.message(text).waitFor();
  }

  async seesNot(text: string): Promise<void> {
    await this.message(text).waitFor({ state: "detached" });
  }

  /** Waits until everything is sent. */
  async hasSentAll(): Promise<void> {
    await until("nothing waits", async () => (await this.page.locator(".unsent, .bubble.sending, .bubble.queued").count()) === 0);
  }

  /** All texts of the open chat, oldest first: from top to bottom, as only what is near the screen is in the page. */
  texts(): Promise<string[]> {
    return this.page.locator(".scroll").evaluate(async (scroll) => {
      const found = new Map<string, string>();
      const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
      scroll.scrollTop = 0;
      for (let last = -1; ; ) {
        await frame();
        for (const row of scroll.querySelectorAll<HTMLElement>("[data-message]")) {
          found.set(row.dataset.message!, row.querySelector(".bubble > p")?.textContent ?? "");
        }
        if (scroll.scrollTop === last) return [...found.values()];
        last = scroll.scrollTop;
        scroll.scrollTop += scroll.clientHeight / 2;
      }
    });
  }

  /** Catches the requests that send a message, until the returned function is called. */
  async catchSends(handle: (route: Route) => Promise<void>): Promise<() => Promise<void>> {
    const isSend = (url: URL) => /\/chats\/[^/]+\/messages$/.test(url.pathname);
    const onlyPosts = (route: Route) => (route.request().method() === "POST" ? handle(route) : route.fallback());
    await this.page.route(isSend, onlyPosts);
    return () => this.page.unroute(isSend, onlyPosts);
  }
}
