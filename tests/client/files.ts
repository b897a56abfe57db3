// A file's whole way with supabase-js, as an app would go it: sign up, become friends, reserve, PUT the
// bytes, send; the other side lists, and downloads the same bytes.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert";
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { request } from "node:http";
import { createChatClient, memoryStorage } from "supabase-chat-client";
import { connect, createApi, type Api, type Chat, type Message, type Page, type Upload } from "./page.ts";
import { WebSocket } from "ws";
import { env, sql } from "./stack.ts";

const MIB = 1024 * 1024;

interface User {
  id: string;
  supabase: ReturnType<typeof connect>;
  api: Api;
}

async function signUp(): Promise<User> {
  const supabase = connect(env.supabase, env.anonKey, {
    auth: { autoRefreshToken: false, persistSession: false },
    realtime: { transport: WebSocket },
  });
  const { data, error } = await supabase.auth.signUp({ email: `${randomUUID()}@example.test`, password: randomUUID() });
  if (error || !data.user) throw error ?? new Error("nobody was signed up");
  return { id: data.user.id, supabase, api: createApi(supabase, env.edge) };
}

async function befriend(one: User, other: User): Promise<void> {
  await sql`select chat_tests.befriend(${one.id}, ${other.id})`;
}

/** Puts the bytes in pieces, as XMLHttpRequest does in a browser, and tells how many have gone. */
function put(upload: Upload, bytes: Buffer, onProgress: (sent: number) => void, signal?: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { ...upload.headers, "content-length": bytes.length };
    const outgoing = request(upload.uploadUrl, { method: upload.method, headers, signal }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0)).on("error", reject);
    });
    outgoing.on("error", reject);
    const piece = (start: number): void => {
      if (start >= bytes.length) return void outgoing.end();
      const end = Math.min(start + 256 * 1024, bytes.length);
      outgoing.write(bytes.subarray(start, end), (error) => {
        if (error) return;
        onProgress(end);
        piece(end);
      });
    };
    piece(0);
  });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

class Talk {
  private constructor(readonly alice: User, readonly bob: User, readonly chatId: string) {}

  static async begin(): Promise<Talk> {
    const [alice, bob] = [await signUp(), await signUp()];
    await befriend(alice, bob);
    const { id } = await alice.api<Chat>("POST", "/chats", { type: "direct", participantIds: [bob.id] });
    return new Talk(alice, bob, id);
  }

  reserve(fileName: string, contentType: string, size: number): Promise<Upload> {
    return this.alice.api("POST", "/uploads", { chatId: this.chatId, fileName, contentType, size });
  }

  send(upload: Upload): Promise<Message> {
    const body = { attachmentUrl: upload.attachmentUrl, clientId: randomUUID() };
    return this.alice.api("POST", `/chats/${this.chatId}/messages`, body);
  }

  /** Bob's newest message is this file, and he gets the same bytes either way. */
  async arrives(sent: Message, file: { fileName: string; contentType: string; bytes: Uint8Array }): Promise<void> {
    const { data } = await this.bob.api<Page<Message>>("GET", `/chats/${this.chatId}/messages?limit=1`);
    const { id, attachment, attachmentUrl } = data[0]!;
    strictEqual(id, sent.id);
    const { path, ...told } = attachment!;
    const { fileName, contentType, bytes } = file;
    deepStrictEqual(told, { fileName, contentType, size: bytes.length, width: null, height: null });
    const response = await fetch(attachmentUrl!);
    strictEqual(response.status, 200);
    strictEqual(digest(new Uint8Array(await response.arrayBuffer())), digest(file.bytes));
    const { data: blob, error } = await this.bob.supabase.storage.from("chat-attachments").download(path);
    if (error) throw error;
    strictEqual(digest(new Uint8Array(await blob.arrayBuffer())), digest(file.bytes));
  }
}

export const files: Record<string, () => Promise<void>> = {
  async a_file_of_25_mib_goes_up_with_progress_and_comes_down_the_same() {
    const talk = await Talk.begin();
    const bytes = randomBytes(25 * MIB);
    const upload = await talk.reserve("film.mp4", "video/mp4", bytes.length);
    const progress: number[] = [];
    strictEqual(await put(upload, bytes, (sent) => progress.push(sent)), 200);
    ok(progress.length >= 100 && progress.every((sent, n) => sent > (progress[n - 1] ?? 0)), "progress in steps");
    strictEqual(progress.at(-1), bytes.length);
    await talk.arrives(await talk.send(upload), { fileName: "film.mp4", contentType: "video/mp4", bytes });
  },

  async an_empty_file_is_a_file() {
    const talk = await Talk.begin();
    const bytes = Buffer.alloc(0);
    const upload = await talk.reserve("empty.txt", "text/plain", 0);
    strictEqual(await put(upload, bytes, () => {}), 200);
    await talk.arrives(await talk.send(upload), { fileName: "empty.txt", contentType: "text/plain", bytes });
  },

  async a_name_in_arabic_with_an_emoji_and_a_slash_is_kept_to_be_shown() {
    const talk = await Talk.begin();
    const bytes = randomBytes(1000);
    const upload = await talk.reserve("صورة/العائلة 👨‍👩‍👧.jpg", "image/jpeg", bytes.length);
    const fileName = "صورة-العائلة 👨‍👩‍👧.jpg";
    strictEqual(upload.fileName, fileName);
    strictEqual(await put(upload, bytes, () => {}), 200);
    await talk.arrives(await talk.send(upload), { fileName, contentType: "image/jpeg", bytes });
  },

  async a_cancelled_upload_is_tried_again() {
    const talk = await Talk.begin();
    const bytes = randomBytes(4 * MIB);
    const upload = await talk.reserve("voice.ogg", "audio/ogg", bytes.length);
    const cancel = new AbortController();
    await rejects(put(upload, bytes, (sent) => sent >= MIB && cancel.abort(), cancel.signal), { name: "AbortError" });
    await rejects(talk.send(upload), { code: "invalid_request" });
    strictEqual(await put(upload, bytes, () => {}), 200);
    await talk.arrives(await talk.send(upload), { fileName: "voice.ogg", contentType: "audio/ogg", bytes });
  },

  async the_package_sends_a_file_and_finds_its_url_by_its_own_name() {
    const talk = await Talk.begin();
    const bytes = randomBytes(1000);
    const [alice, bob] = [talk.alice, talk.bob].map(({ supabase }) =>
      createChatClient({ supabase, apiUrl: env.edge, adapters: { storage: memoryStorage() } }));
    try {
      alice!.start();
      bob!.start();
      await until(() => !!alice!.me.getSnapshot() && !!bob!.me.getSnapshot());
      const name = "Übersicht 日本 & mehr.pdf";
      const pending = alice!.chat(talk.chatId).send({ text: "Look", file: new File([bytes], name, { type: "application/pdf" }) });
      const sent = (await pending.sent)!;
      await talk.arrives(sent, { fileName: name, contentType: "application/pdf", bytes });
      const shown = await bob!.fileUrl(sent);
      strictEqual(shown, await bob!.fileUrl(sent), "kept");
      ok(sent.attachmentUrl && shown === sent.attachmentUrl, "the URL of the answer is good, so none is asked for");
      const live = await alice!.fileUrl({ ...sent, attachmentUrl: null });
      ok(live, "a message that came live has none, so one is asked for");
      const download = await bob!.fileUrl(sent, { download: true });
      strictEqual(new URL(download!).searchParams.get("download"), name);
      for (const url of [shown, download]) {
        const response = await fetch(url!);
        strictEqual(digest(new Uint8Array(await response.arrayBuffer())), digest(bytes));
      }
    } finally {
      alice!.stop();
      bob!.stop();
    }
  },

  async nobody_else_gets_it_nor_anybody_once_the_message_is_deleted() {
    const talk = await Talk.begin();
    const stranger = await signUp();
    const bytes = randomBytes(10);
    const upload = await talk.reserve("a.jpg", "image/jpeg", bytes.length);
    strictEqual(await put(upload, bytes, () => {}), 200);
    const { id } = await talk.send(upload);
    const download = async ({ supabase }: User) =>
      (await supabase.storage.from("chat-attachments").download(upload.path)).data !== null;
    deepStrictEqual([await download(talk.bob), await download(stranger)], [true, false]);
    await talk.alice.api("DELETE", `/chats/${talk.chatId}/messages/${id}`);
    deepStrictEqual([await download(talk.bob), await download(talk.alice)], [false, false]);
  },
};
