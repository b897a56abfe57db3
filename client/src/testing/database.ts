/** The chats of a test, in memory, with the rules of the real database that a screen can notice. */
import type { Attachment, Change, Changes, Chat, Message, MessagePage, Page, Reactor } from "../models.ts";
import { afterReturn, heard, TestLists } from "./list.ts";
import { found, pageOf, type AskedPage, type AskedSearch } from "./pages.ts";
import { withReaction } from "./reactions.ts";
import {
  checked, checkedMentions, checkedReply, EDIT_MS, EPOCH, fileUrl, isIn, iso, Refusal, seenBy, SETTINGS, short, shownTo, told, topicOf, unread,
  visible, type ChatRow, type Row,
} from "./rows.ts";
import type { TestChatInit, TestMessageInit } from "./types.ts";

export interface NewMessage {
  text?: string | null;
  clientId?: string;
  attachment?: Attachment | null;
  replyToId?: string | null;
  mentions?: readonly string[] | null;
  id?: string;
  createdAt?: string;
}

export class TestDatabase {
  readonly lists: TestLists;
  readonly #now: () => number;
  readonly #broadcast: (topic: string, event: string, payload: object) => void;
  readonly #chats = new Map<string, ChatRow>();
  #chatCount = 0;
  #messageCount = 0;
  #lastMicros = 0;

  constructor(now: () => number, broadcast: (topic: string, event: string, payload: object) => void) {
    this.#now = now;
    this.#broadcast = broadcast;
    const own = (user: string, chatId: string) => this.#own(user, chatId);
    this.lists = new TestLists({ chats: () => this.#chats.values(), own, now, broadcast });
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
    for (const { id, unread = 0, settings } of chats) {
      const chat = this.#chat(id);
      chat.rows.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
      for (const [user, participant] of chat.people) {
        const ofOthers = chat.rows.filter(({ senderId }) => senderId !== user);
        const lastRead = user === me && unread > 0 ? ofOthers.at(-unread - 1) : chat.rows.at(-1);
        participant.lastReadAt = lastRead?.createdAt ?? null;
        if (user === me) participant.settings = { ...SETTINGS, ...settings };
      }
    }
  }

  /** How many chats and messages there ever were. */
  get made(): number {
    return this.#chatCount + this.#messageCount;
  }

  chat(user: string, chatId: string): Chat {
    return this.#shown(this.#own(user, chatId), user);
  }

  openDirect(user: string, other: string): Chat {
    const found = [...this.#chats.values()].find(({ type, people }) => type === "direct" && people.has(user) && people.has(other));
    const chat = found ?? this.#create("direct", null, [user, other]);
    if (this.#bringBack(chat, user, this.#time())) this.#broadcast(`user:${user}`, "chat.created", { chatId: chat.id, rev: chat.rev });
    return this.#shown(chat, user);
  }

  /** Those of a user, oldest first. */
  messages(user: string, chatId: string): Message[] {
    const chat = this.#own(user, chatId);
    return visible(chat, user).map((row) => seenBy(chat, row, user));
  }

  /** Those of everybody, oldest first. */
  stored(chatId: string): Message[] {
    const chat = this.#chat(chatId);
    return chat.rows.filter(({ isDeleted }) => !isDeleted).map((row) => seenBy(chat, row, null));
  }

  message(user: string, chatId: string, messageId: string): Message {
    const chat = this.#own(user, chatId);
    return seenBy(chat, this.#row(chat, user, messageId), user);
  }

  page(user: string, chatId: string, asked: AskedPage): MessagePage {
    const [firstUnread] = unread(this.#own(user, chatId), user);
    return pageOf(this.messages(user, chatId), firstUnread?.createdAt, asked);
  }

  /** In one chat, or in all of a user's. */
  search(user: string, chatId: string | null, asked: AskedSearch): Page<Message> {
    const own = [...this.#chats.values()].filter((chat) => isIn(chat, user)).map(({ id }) => id);
    return found((chatId === null ? own : [chatId]).flatMap((id) => this.messages(user, id)), asked);
  }

  changes(user: string, chatId: string, since: number, epoch: string | null, limit: number): Changes {
    const chat = this.#own(user, chatId);
    if (since > chat.rev || (epoch !== null && epoch !== EPOCH)) throw new Refusal(410, "resync_required");
    const start = chat.people.get(user)?.since ?? "";
    const later = chat.rows.filter(({ rev, createdAt }) => rev > since && createdAt >= start).sort((a, b) => a.rev - b.rev);
    const data = later.slice(0, limit).map((row): Change =>
      row.isDeleted ? { rev: row.rev, kind: "delete", messageId: row.id } : { rev: row.rev, kind: "upsert", message: seenBy(chat, row, user) });
    const hasMore = later.length > limit;
    return { data, rev: hasMore ? (data.at(-1)?.rev ?? since) : chat.rev, epoch: EPOCH, hasMore, topic: topicOf(chat) };
  }

  send(user: string, chatId: string, message: NewMessage): Message {
    const { text, clientId, attachment = null, id, createdAt = this.#time() } = message;
    const chat = this.#own(user, chatId);
    const sent = clientId === undefined ? undefined : chat.rows.find((row) => row.clientId === clientId && row.senderId === user);
    if (sent?.isDeleted) throw new Refusal(404, "message_not_found");
    if (sent) return seenBy(chat, sent, user);
    const content = checked(text, attachment !== null);
    const replyToId = checkedReply(chat, user, message.replyToId);
    const mentions = checkedMentions(chat, message.mentions);
    const back = [...chat.people.keys()].filter((participant) => this.#bringBack(chat, participant, createdAt));
    const had = this.#shown(chat, user).unreadCount;
    this.#messageCount += 1;
    const row: Row = {
      id: id ?? `message-${this.#messageCount}`, chatId, senderId: user, text: content, attachment, attachmentUrl: attachment && fileUrl(attachment.path),
      clientId: clientId ?? null, replyToId, mentions, reacted: [], createdAt, editedAt: null, rev: ++chat.rev, isDeleted: false,
    };
    chat.rows.push(row);
    for (const [each, participant] of chat.people) if (each !== user) heard(participant, this.#now());
    const sender = chat.people.get(user);
    if (sender && had === 0) sender.lastReadAt = createdAt;
    this.#tell(chat, row, "created", back);
    return seenBy(chat, row, user);
  }

  edit(user: string, chatId: string, messageId: string, text: unknown, mentions?: readonly string[]): Message {
    const chat = this.#own(user, chatId);
    const row = this.#row(chat, user, messageId);
    if (row.senderId !== user) throw new Refusal(403, "not_sender");
    if (this.#now() > Date.parse(row.createdAt) + EDIT_MS) throw new Refusal(403, "edit_window_expired");
    const content = checked(text, false);
    const mentioned = mentions ? checkedMentions(chat, mentions) : row.mentions;
    const isSame = content === row.text && mentioned.length === row.mentions.length && mentioned.every((id) => row.mentions.includes(id));
    if (isSame) return seenBy(chat, row, user);
    const edited = this.#replace(chat, { ...row, text: content, mentions: mentioned, editedAt: this.#time(), rev: ++chat.rev });
    this.#tell(chat, edited, "updated");
    return seenBy(chat, edited, user);
  }

  react(user: string, chatId: string, messageId: string, emoji: string, isOn: boolean): Message {
    const chat = this.#own(user, chatId);
    const row = this.#row(chat, user, messageId);
    const reacted = withReaction(row.reacted, { userId: user, emoji, createdAt: this.#time() }, isOn);
    if (!reacted) return seenBy(chat, row, user);
    const changed = this.#replace(chat, { ...row, reacted, rev: ++chat.rev });
    const { rev } = changed;
    this.lists.touch(chat);
    const reaction = { userId: user, emoji, added: isOn };
    const content = isToldWithout(chat, "updated") ? {} : { kind: "upsert", message: told(chat, changed), reaction };
    this.#broadcast(topicOf(chat), "message.updated", { chatId, rev, ...content });
    return seenBy(chat, changed, user);
  }

  reactions(user: string, chatId: string, messageId: string, emoji: string | null): Page<Reactor> {
    const { reacted } = this.#row(this.#own(user, chatId), user, messageId);
    const data = reacted.flatMap(({ emoji, by }) => by.map((each) => ({ ...each, emoji })));
    data.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1));
    return { data: data.filter((each) => emoji === null || each.emoji === emoji), nextCursor: null };
  }

  /** The messages that mention a user, newest first. */
  mentions(user: string, cursor: string | null, limit: number): Page<Message> {
    const chats = [...this.#chats.values()].filter((chat) => isIn(chat, user));
    const all = chats.flatMap((chat) => visible(chat, user).filter(({ senderId, mentions }) => senderId !== user && mentions.includes(user)).map((row) => seenBy(chat, row, user)));
    const older = all.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1)).filter(({ createdAt }) => cursor === null || createdAt < cursor);
    const data = older.slice(0, limit);
    return { data, nextCursor: older.length > limit ? (data.at(-1)?.createdAt ?? null) : null };
  }

  remove(user: string, chatId: string, messageId: string): void {
    const chat = this.#own(user, chatId);
    const row = chat.rows.find(({ id }) => id === messageId);
    if (!row) throw new Refusal(404, "message_not_found");
    if (row.senderId !== user) throw new Refusal(403, "not_sender");
    if (!row.isDeleted) this.#tell(chat, this.#replace(chat, { ...row, isDeleted: true, rev: ++chat.rev }), "deleted");
  }

  /** Everything up to a message is read; up to the newest, if none is named. */
  read(user: string, chatId: string, messageId?: string): Pick<Chat, "unreadCount" | "unreadMentions"> {
    const chat = this.#own(user, chatId);
    const row = messageId === undefined ? visible(chat, user).at(-1) : this.#row(chat, user, messageId);
    const participant = chat.people.get(user);
    if (row && participant && row.createdAt > (participant.lastReadAt ?? "")) {
      participant.lastReadAt = row.createdAt;
      this.lists.touch(chat, [user]);
      this.#broadcast(topicOf(chat), "chat.read", { chatId, userId: user, messageId: row.id, lastReadAt: row.createdAt });
      const { unreadCount, unreadMentions } = this.#shown(chat, user);
      this.#broadcast(`user:${user}`, "chat.updated", { chatId, rev: chat.rev, kind: "read", unreadCount, unreadMentions, lastReadAt: row.createdAt });
    }
    this.lists.updateSettings(user, chatId, { markedUnread: false });
    const { unreadCount, unreadMentions } = this.#shown(chat, user);
    return { unreadCount, unreadMentions };
  }

  typing(user: string, chatId: string): void {
    this.#broadcast(topicOf(this.#own(user, chatId)), "typing", { chatId, userId: user });
  }

  leave(user: string, chatId: string): void {
    const chat = this.#own(user, chatId);
    const participant = chat.people.get(user);
    this.setPresent(user, topicOf(chat), false);
    this.lists.touch(chat, chat.type === "direct" ? [user] : undefined);
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
    this.lists.touch(chat);
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
      this.lists.touch(chat, [person]);
      this.#broadcast(`user:${person}`, "chat.created", { chatId: id, rev: 0 });
    }
    return chat;
  }

  #enter(chat: ChatRow, user: string): void {
    chat.people.set(user, { lastReadAt: null, hasLeft: false, since: "", historyRev: 0, settings: SETTINGS });
  }

  /** A direct chat comes back, and begins anew for them. Returns whether they had left it. */
  #bringBack(chat: ChatRow, user: string, since: string): boolean {
    const participant = chat.people.get(user);
    if (!participant?.hasLeft) return false;
    const settings = afterReturn(participant.settings);
    chat.people.set(user, { ...participant, hasLeft: false, since, historyRev: participant.historyRev + 1, settings });
    this.lists.touch(chat, [user]);
    return true;
  }

  #tell(chat: ChatRow, row: Row, kind: "created" | "updated" | "deleted", back: readonly string[] = []): void {
    const { id: chatId } = chat;
    const { rev } = row;
    const isDeleted = kind === "deleted";
    const isBare = isToldWithout(chat, kind);
    this.lists.touch(chat, [...chat.people.keys()].filter((user) => isIn(chat, user)));
    const content = isDeleted ? { kind: "delete", messageId: row.id } : { kind: "upsert", message: told(chat, row) };
    this.#broadcast(topicOf(chat), `message.${kind}`, { chatId, rev, ...(isBare ? {} : content) });
    for (const [user, { hasLeft }] of chat.people) {
      if (back.includes(user)) this.#broadcast(`user:${user}`, "chat.created", { chatId, rev });
      else if (!hasLeft) {
        const mentioned = row.mentions.includes(user) && user !== row.senderId ? { mentioned: true } : {};
        const news = { kind, ...(isDeleted ? {} : { message: short(row), ...mentioned }) };
        this.#broadcast(`user:${user}`, "chat.updated", { chatId, rev, ...(isBare ? {} : news) });
      }
    }
  }

  #shown(chat: ChatRow, user: string): Chat {
    return shownTo(chat, user, this.#now());
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

/** In a direct chat nobody notices that the other one has left a message behind: its changes are told without their content. */
function isToldWithout({ type }: ChatRow, kind: "created" | "updated" | "deleted"): boolean {
  return type === "direct" && kind === "updated";
}
