import type { AuthChangeEvent, Session as AuthSession } from "@supabase/supabase-js";
import { withDefaults, type ChatAdapters } from "./adapters.ts";
import { Handle } from "./chat.ts";
import { signedOut, type ChatApiError } from "./errors.ts";
import type { Chat, ChatSettings, Message, Page } from "./models.ts";
import { search } from "./search.ts";
import { Session, type SessionOptions } from "./session.ts";
import { keep, keepList, Value } from "./store.ts";
import type { ChatClient, ChatClientOptions, Connection, FileUrlOptions, SearchOptions, Unread } from "./types.ts";
import { NOTHING_UNREAD, unreadIn } from "./unread.ts";

const MOST_MESSAGES = 600;
/** Two pages, so that a window always holds one and the next. */
const LEAST_MESSAGES = 200;

/** A chat for the user of this Supabase client. It does nothing until `start`. */
export function createChatClient(options: ChatClientOptions): ChatClient {
  return new Client(options);
}

class Client implements ChatClient {
  readonly me = new Value<string | null | undefined>(undefined);
  readonly connection = new Value<Connection>("offline");
  readonly chats = new Value<readonly Chat[] | undefined>(undefined);
  readonly archivedChats = new Value<readonly Chat[] | undefined>(undefined);
  readonly chatsError = new Value<ChatApiError | null>(null);
  readonly unread = new Value<Unread>(NOTHING_UNREAD);
  readonly mentioned = new Value<number | undefined>(undefined);
  session: Session | undefined;
  #options: ChatClientOptions;
  #adapters: ChatAdapters;
  #handles = new Map<string, Handle>();
  #unfollow: (() => void) | undefined;
  #role: unknown;

  constructor(options: ChatClientOptions) {
    if (!/^https?:\/\/[^/?#][^?#]*$/i.test(options.apiUrl)) {
      throw new TypeError(`apiUrl must be a URL that begins with https:// or http://: ${options.apiUrl}`);
    }
    this.#options = options;
    this.#adapters = withDefaults(options.adapters);
  }

  start(): void {
    if (this.#unfollow) return;
    const { data } = this.#options.supabase.auth.onAuthStateChange((event, session) => this.#authChanged(event, session));
    this.#unfollow = () => data.subscription.unsubscribe();
  }

  stop(): void {
    this.#unfollow?.();
    this.#unfollow = undefined;
    this.#end();
    this.me.set(undefined);
  }

  chat(id: string): Handle {
    let handle = this.#handles.get(id);
    if (!handle) this.#handles.set(id, (handle = new Handle(this, id)));
    return handle;
  }

  async openDirect(userId: string): Promise<Chat> {
    const session = this.#needed();
    const chat = await session.api.openDirect(userId);
    session.list.put(chat);
    return chat;
  }

  leave(id: string): Promise<void> {
    return this.chat(id).leave();
  }

  updateSettings(id: string, changes: Partial<ChatSettings>): Promise<Chat> {
    return this.chat(id).updateSettings(changes);
  }

  async fileUrl(message: Message, options?: FileUrlOptions): Promise<string | null> {
    return this.#needed().files.get(message, options);
  }

  async search(query: string, options: SearchOptions = {}): Promise<Page<Message>> {
    return search(this.#needed(), query, options);
  }

  async mentions(cursor: string | null = null): Promise<Page<Message>> {
    return this.#needed().api.mentions(cursor);
  }

  async refresh(): Promise<void> {
    await this.session?.refresh();
  }

  #authChanged(_event: AuthChangeEvent, auth: AuthSession | null): void {
    const me = auth?.user.id ?? null;
    const role = auth?.user.app_metadata?.role;
    if (me === (this.session?.me ?? null)) {
      if (role !== this.#role) this.session?.rightsChanged();
      this.#role = role;
      if (this.#unfollow) this.me.set(me);
      return;
    }
    this.#end();
    this.#role = role;
    if (me !== null && this.#unfollow) this.#begin(me);
  }

  #begin(me: string): void {
    const { supabase, apiUrl, fetch, postgresChanges = false, maxMessages = MOST_MESSAGES } = this.#options;
    const options: SessionOptions = {
      apiUrl: apiUrl.replace(/\/+$/, ""),
      // Bound: browsers refuse `fetch` as somebody else's method.
      fetch: fetch ?? ((input, init) => globalThis.fetch(input, init)),
      postgresChanges,
      maxMessages: Math.max(maxMessages || MOST_MESSAGES, LEAST_MESSAGES),
    };
    this.session = new Session(supabase, me, this.#adapters, options, {
      chats: (chats, isWhole, mentioned) => this.#show(chats, isWhole, mentioned),
      chatsError: (error) => this.chatsError.set(error),
      connection: (connection) => this.connection.set(connection),
      outbox: (chatId) => this.session?.open.get(chatId)?.emit(),
    });
    this.me.set(me);
    for (const handle of this.#handles.values()) handle.attach();
  }

  #end(): void {
    const { session } = this;
    if (!session) return;
    this.session = undefined;
    session.end();
    for (const handle of this.#handles.values()) handle.reset();
    this.me.set(null);
    this.chats.set(undefined);
    this.archivedChats.set(undefined);
    this.chatsError.set(null);
    this.unread.set(NOTHING_UNREAD);
    this.mentioned.set(undefined);
    this.connection.set("offline");
  }

  #show(all: readonly Chat[], isWhole: boolean, mentioned: number): void {
    const show = (store: Value<readonly Chat[] | undefined>, isArchived: boolean) =>
      store.set(keepList(store.getSnapshot() ?? [], all.filter(({ settings }) => settings.archived === isArchived)));
    show(this.chats, false);
    if (isWhole) show(this.archivedChats, true);
    this.unread.set(keep(this.unread.getSnapshot(), unreadIn(all)));
    this.mentioned.set(mentioned);
  }

  #needed(): Session {
    if (!this.session) throw signedOut();
    return this.session;
  }
}
