/** The chats of a test, in memory, with the rules of the real database that a screen can notice. */
import type { Attachment, Change, Changes, Chat, Message, MessagePage, Page } from "../models.ts";
import { found, pageOf, type AskedPage, type AskedSearch } from "./pages.ts";
import { checked, EDIT_MS, EPOCH, fileUrl, isIn, iso, Refusal, seenBy, short, shownTo, topicOf, unread, visible, type ChatRow, type Row } from "./rows.ts";
import type { TestChatInit, TestMessageInit } from "./types.ts";

export interface NewMessage {
  text?: string | null;
  clientId?: string;
  attachment?: Attachment | null;
  id?: string;
  createdAt?: string;
}

export class TestDatabase {
  readonly #now: () => number;
  readonly #broadcast: (topic: string, event: string, payload: object) => void;
  readonly #chats = new Map<string, ChatRow>();
  #chatCount = 0;
  #messageCount = 0;
  #lastMicros = 0;

  constructor(now: () => number, broadcast: (topic: string, event: string, payload: object) => void) {
    this.#now = now;
    this.#broadcast = broadcast;
  }

  /** What is there from the beginning. Without times of their own, the messages came one a minute until now. */
  fill(me: string, chats: readonly TestChatInit[], messages: readonly TestMessageInit[]): void {
    const times = messages.map(({ createdAt }, index) =>
      createdAt ? Date.parse(createdAt) : this.#now() - (messages.length - index) * 60_000);
    const begun = iso(Math.min(this.#now(), ...times) - 1);
    for (const { id, name = null, people, type = name === null && people.length < 2 ? "direct" : "approved_group" } of chats) {
      this.#create(type, name, [...new Set([me, ...people])], id).createdAt = begun;
    }
    messages.forEach(({ chatId, from, ...message }, index) => {
      this.send(from, chatId, { ...message, createdAt: iso(times[index] ?? 0) });
    });
    for (const { id, unread = 0 } of chats) {
      const chat = this.#chat(id);
      chat.rows.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
      for (const [user, participant] of chat.people) {
        const ofOthers = chat.rows.filter(({ senderId }) => senderId !== user);
        const lastRead = user === me && unread > 0 ? ofOthers.at(-unread - 1) : chat.rows.at(-1);
        participant.lastReadAt = lastRead?.createdAt ?? null;
      }
    }
  }

  /** How many chats and messages there ever were. */
  get made(): number {
    return this.#chatCount + this.#messageCount;
  }

  chats(user: string): Chat[] {
    const own = [...this.#chats.values()].filter((chat) => isIn(chat, user)).map((chat) => shownTo(chat, user));
    return own.sort((a, b) => ((a.lastMessageAt ?? a.createdAt) < (b.lastMessageAt ?? b.createdAt) ? 1 : -1));
  }

  chat(user: string, chatId: string): Chat {
    return shownTo(this.#own(user, chatId), user);
  }

  openDirect(user: string, other: string): Chat {
    const found = [...this.#chats.values()].find(({ type, people }) => type === "direct" && people.has(user) && people.has(other));
    const chat = found ?? this.#create("direct", null, [user, other]);
    if (this.#bringBack(chat, user, this.#time())) this.#broadcast(`user:${user}`, "chat.created", { chatId: chat.id, rev: chat.rev });
    return shownTo(chat, user);
  }

  /** Those of a user, oldest first. */
  messages(user: string, chatId: string): Message[] {
    const chat = this.#own(user, chatId);
    return visible(chat, user).map((row) => seenBy(row, user));
  }

  /** Those of everybody, oldest first. */
  stored(chatId: string): Message[] {
    return this.#chat(chatId).rows.filter(({ isDeleted }) => !isDeleted).map((row) => seenBy(row, null));
  }

  message(user: string, chatId: string, messageId: string): Message {
    return seenBy(this.#row(this.#own(user, chatId), user, messageId), user);
  }

  page(user: string, chatId: string, asked: AskedPage): MessagePage {
    const [firstUnread] = unread(this.#own(user, chatId), user);
    return pageOf(this.messages(user, chatId), firstUnread && seenBy(firstUnread, user), asked);
  }

  /** In one chat, or in all of a user's. */
  search(user: string, chatId: string | null, asked: AskedSearch): Page<Message> {
    const ids = chatId === null ? this.chats(user).map(({ id }) => id) : [chatId];
    return found(ids.flatMap((id) => this.messages(user, id)), asked);
  }

  changes(user: string, chatId: string, since: number, epoch: string | null, limit: number): Changes {
    const chat = this.#own(user, chatId);
    if (since > chat.rev || (epoch !== null && epoch !== EPOCH)) throw new Refusal(410, "resync_required");
    const start = chat.people.get(user)?.since ?? "";
    const later = chat.rows.filter(({ rev, createdAt }) => rev > since && createdAt >= start).sort((a, b) => a.rev - b.rev);
    const data = later.slice(0, limit).map((row): Change =>
      row.isDeleted ? { rev: row.rev, kind: "delete", messageId: row.id } : { rev: row.rev, kind: "upsert", message: seenBy(row, user) });
    const hasMore = later.length > limit;
    return { data, rev: hasMore ? (data.at(-1)?.rev ?? since) : chat.rev, epoch: EPOCH, hasMore, topic: topicOf(chat) };
  }

  send(user: string, chatId: string, { text, clientId, attachment = null, id, createdAt = this.#time() }: NewMessage): Message {
    const chat = this.#own(user, chatId);
    const sent = clientId === undefined ? undefined : chat.rows.find((row) => row.clientId === clientId && row.senderId === user);
    if (sent?.isDeleted) throw new Refusal(404, "message_not_found");
    if (sent) return seenBy(sent, user);
    const content = checked(text, attachment !== null);
    const back = [...chat.people.keys()].filter((participant) => this.#bringBack(chat, participant, createdAt));
    const had = shownTo(chat, user).unreadCount;
    this.#messageCount += 1;
    const row: Row = {
      id: id ?? `message-${this.#messageCount}`, chatId, senderId: user, text: content, attachment, attachmentUrl: attachment && fileUrl(attachment.path),
      clientId: clientId ?? null, createdAt, editedAt: null, rev: ++chat.rev, isDeleted: false,
    };
    chat.rows.push(row);
    const sender = chat.people.get(user);
    if (sender && had === 0) sender.lastReadAt = createdAt;
    this.#tell(chat, row, "created", back);
    return seenBy(row, user);
  }

  edit(user: string, chatId: string, messageId: string, text: unknown): Message {
    const chat = this.#own(user, chatId);
    const row = this.#row(chat, user, messageId);
    if (row.senderId !== user) throw new Refusal(403, "not_sender");
    if (this.#now() > Date.parse(row.createdAt) + EDIT_MS) throw new Refusal(403, "edit_window_expired");
    const content = checked(text, false);
    if (content === row.text) return seenBy(row, user);
    const edited = this.#replace(chat, { ...row, text: content, editedAt: this.#time(), rev: ++chat.rev });
    this.#tell(chat, edited, "updated");
    return seenBy(edited, user);
  }

  remove(user: string, chatId: string, messageId: string): void {
    const chat = this.#own(user, chatId);
    const row = chat.rows.find(({ id }) => id === messageId);
    if (!row) throw new Refusal(404, "message_not_found");
    if (row.senderId !== user) throw new Refusal(403, "not_sender");
    if (!row.isDeleted) this.#tell(chat, this.#replace(chat, { ...row, isDeleted: true, rev: ++chat.rev }), "deleted");
  }

  /** Everything up to a message is read; up to the newest, if none is named. */
  read(user: string, chatId: string, messageId?: string): number {
    const chat = this.#own(user, chatId);
    const row = messageId === undefined ? visible(chat, user).at(-1) : this.#row(chat, user, messageId);
    const participant = chat.people.get(user);
    if (row && participant && row.createdAt > (participant.lastReadAt ?? "")) {
      participant.lastReadAt = row.createdAt;
      this.#broadcast(topicOf(chat), "chat.read", { chatId, userId: user, messageId: row.id, lastReadAt: row.createdAt });
      const { unreadCount } = shownTo(chat, user);
      this.#broadcast(`user:${user}`, "chat.updated", { chatId, rev: chat.rev, kind: "read", unreadCount, lastReadAt: row.createdAt });
    }
    return shownTo(chat, user).unreadCount;
  }

  typing(user: string, chatId: string): void {
    this.#broadcast(topicOf(this.#own(user, chatId)), "typing", { chatId, userId: user });
  }

  leave(user: string, chatId: string): void {
    const chat = this.#own(user, chatId);
    const participant = chat.people.get(user);
    this.setPresent(user, topicOf(chat), false);
    if (chat.type === "direct" && participant) participant.hasLeft = true;
    else {
      const topic = topicOf(chat);
      chat.people.delete(user);
      chat.moves += 1;
      this.#broadcast(topic, "chat.left", { chatId, userIds: [user], topic: topicOf(chat) });
      for (const each of chat.people.keys()) this.#broadcast(`user:${each}`, "chat.updated", { chatId, rev: chat.rev });
    }
    this.#broadcast(`user:${user}`, "chat.left", { chatId });
  }

  /** Adds a person to a group's chat. */
  join(user: string, chatId: string): void {
    const chat = this.#chat(chatId);
    if (chat.people.has(user)) return;
    this.#enter(chat, user);
    this.#broadcast(topicOf(chat), "chat.joined", { chatId, userIds: [user] });
    for (const each of chat.people.keys()) {
      this.#broadcast(`user:${each}`, each === user ? "chat.created" : "chat.updated", { chatId, rev: chat.rev });
    }
  }

  mayListen(user: string, topic: string): boolean {
    return topic === `user:${user}` || [...this.#chats.values()].some((chat) => topic === topicOf(chat) && isIn(chat, user));
  }

  topic(chatId: string): string {
    return topicOf(this.#chat(chatId));
  }

  present(topic: string): string[] {
    return [...([...this.#chats.values()].find((chat) => topicOf(chat) === topic)?.present ?? [])];
  }

  /** Returns whether that was news. */
  setPresent(user: string, topic: string, isPresent: boolean): boolean {
    const present = [...this.#chats.values()].find((chat) => topicOf(chat) === topic)?.present;
    if (!present || present.has(user) === isPresent) return false;
    if (isPresent) present.add(user);
    else present.delete(user);
    return true;
  }

  #create(type: Chat["type"], name: string | null, people: readonly string[], id = `chat-${this.#chatCount + 1}`): ChatRow {
    const chat: ChatRow = { id, type, name, createdAt: this.#time(), rev: 0, moves: 0, people: new Map(), rows: [], present: new Set() };
    this.#chats.set(id, chat);
    this.#chatCount += 1;
    for (const person of people) {
      this.#enter(chat, person);
      this.#broadcast(`user:${person}`, "chat.created", { chatId: id, rev: 0 });
    }
    return chat;
  }

  #enter(chat: ChatRow, user: string): void {
    chat.people.set(user, { lastReadAt: null, hasLeft: false, since: "", historyRev: 0 });
  }

  /** A direct chat comes back, and begins anew for them. Returns whether they had left it. */
  #bringBack(chat: ChatRow, user: string, since: string): boolean {
    const participant = chat.people.get(user);
    if (!participant?.hasLeft) return false;
    chat.people.set(user, { ...participant, hasLeft: false, since, historyRev: participant.historyRev + 1 });
    return true;
  }

  #tell(chat: ChatRow, row: Row, kind: "created" | "updated" | "deleted", back: readonly string[] = []): void {
    const { id: chatId } = chat;
    const { rev } = row;
    const isDeleted = kind === "deleted";
    // The sender's own: for others, the client takes it away.
    const message = { ...seenBy(row, row.senderId), attachmentUrl: null };
    this.#broadcast(topicOf(chat), `message.${kind}`,
      isDeleted ? { chatId, rev, kind: "delete", messageId: row.id } : { chatId, rev, kind: "upsert", message });
    for (const [user, { hasLeft }] of chat.people) {
      if (back.includes(user)) this.#broadcast(`user:${user}`, "chat.created", { chatId, rev });
      else if (!hasLeft) this.#broadcast(`user:${user}`, "chat.updated", { chatId, rev, kind, ...(isDeleted ? {} : { message: short(row) }) });
    }
  }

  #replace(chat: ChatRow, row: Row): Row {
    chat.rows = chat.rows.map((each) => (each.id === row.id ? row : each));
    return row;
  }

  #row(chat: ChatRow, user: string, messageId: string): Row {
    const row = visible(chat, user).find(({ id }) => id === messageId);
    if (!row) throw new Refusal(404, "message_not_found");
    return row;
  }

  #chat(chatId: string): ChatRow {
    const chat = this.#chats.get(chatId);
    if (!chat) throw new Refusal(404, "chat_not_found", `there is no chat ${chatId}`);
    return chat;
  }

  #own(user: string, chatId: string): ChatRow {
    const chat = this.#chat(chatId);
    if (!isIn(chat, user)) throw new Refusal(403, "not_participant", `${user} is not in the chat ${chatId}`);
    return chat;
  }

  /** No two are the same. */
  #time(): string {
    this.#lastMicros = Math.max(this.#now() * 1000, this.#lastMicros + 1);
    return iso(this.#lastMicros / 1000);
  }
}
