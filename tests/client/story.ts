// What happens in a chat: its people send, reply, mention, react, edit, delete, read, change their settings, leave and
// come back, by the edge and by the host application's tables.
import { randomUUID } from "node:crypto";
import type { Message } from "supabase-chat-client";
import type { Random } from "./random.ts";
import { call, people, sql, type Person } from "./stack.ts";

export const EMOJIS = ["👍", "❤️", "👩🏽‍🚀", "party"];

interface Actor {
  who: Person;
  moderator: boolean;
  present: boolean;
  /** How many messages had been sent where this actor's history begins. */
  from: number;
}

export class Story {
  private said: { id: string; sender: Actor; deleted: boolean }[] = [];

  private constructor(
    readonly chatId: string,
    readonly actors: Actor[],
    readonly source?: { event: string; room: string },
  ) {}

  /** A chat of two; or of two members and the event's author, who moderates. */
  static async begin(kind: "direct" | "group"): Promise<Story> {
    const [alice, bob, author] = await people(3) as [Person, Person, Person];
    const actor = (who: Person): Actor => ({ who, moderator: who === author, present: true, from: 0 });
    if (kind === "direct") {
      await sql`select chat_tests.befriend(${alice.id}, ${bob.id})`;
      const { id } = await call<{ id: string }>(alice, "POST", "/chats", { type: "direct", participantIds: [bob.id] });
      return new Story(id, [alice, bob].map(actor)).past();
    }
    const [opened] = await sql`select chat_tests.open_room('Harvest Fair', ${[author.id]}, ${[alice.id, bob.id]}) as room`;
    const { room } = opened as { room: string };
    const [made] = await sql`select chat_tests.chat_of(${room}) as chat, chat_tests.event_of(${room}) as event`;
    return new Story(made!.chat, [alice, bob, author].map(actor), { event: made!.event, room }).past();
  }

  /** What was said before, put in by the tables' owner. */
  private async past(): Promise<Story> {
    const rows = this.actors.map(({ who }, index) => ({
      id: randomUUID(), chat_id: this.chatId, sender_id: who.id, text: `before ${index}`, rev: index + 1,
      created_at: new Date(Date.now() - 60_000 + index),
    }));
    await sql`insert into public.messages ${sql(rows)}`;
    await sql`update chat.chats set rev = ${rows.length}, last_message_at = ${rows.at(-1)!.created_at} where id = ${this.chatId}`;
    this.said = rows.map(({ id }, index) => ({ id, sender: this.actors[index]!, deleted: false }));
    return this;
  }

  /** Something happens. */
  async act(random: Random): Promise<void> {
    const actor = random.pick(this.actors)!;
    if (!actor.present) return this.comeBack(actor);
    const choice = random.below(100);
    if (choice < 33) await this.send(actor, random);
    else if (choice < 45) await this.edit(actor, random);
    else if (choice < 54) await this.delete(actor, random);
    else if (choice < 70) await this.react(actor, random);
    else if (choice < 78) await this.read(actor, random);
    else if (choice < 89) await this.set(actor, random);
    else await this.leave(actor);
  }

  /** The id of a message that somebody has sent. */
  any(random: Random): string {
    return random.pick(this.said)!.id;
  }

  /** A last message, which all who take part are told of; the absent come back for it. */
  async end(): Promise<void> {
    for (const actor of this.actors) if (!actor.present && this.source) await this.comeBack(actor);
    await this.send(this.actors.find((actor) => actor.present) ?? (await this.comeBack(this.actors[0]!), this.actors[0]!));
  }

  private async send(sender: Actor, random?: Random): Promise<void> {
    const original = random?.percent(40) ? random.pick(this.readable(sender)) : undefined;
    const body = {
      text: `message ${this.said.length}`, clientId: randomUUID(),
      ...(original ? { replyToId: original.id } : {}),
      ...(random?.percent(30) ? { mentions: this.mentioned(random) } : {}),
    };
    const { id } = await call<Message>(sender.who, "POST", `/chats/${this.chatId}/messages`, body);
    this.said.push({ id, sender, deleted: false });
    if (!this.source) this.actors.forEach((actor) => (actor.present = true));
  }

  private async edit(actor: Actor, random: Random): Promise<void> {
    const said = random.pick(this.seen(actor).filter((said) => said.sender === actor && !said.deleted));
    if (!said) return;
    const mentions = random.percent(40) ? { mentions: this.mentioned(random) } : {};
    await call(actor.who, "PATCH", this.path(said.id), { text: `edited ${random.below(1000)}`, ...mentions });
  }

  /** Several at once, as people do, and often with what somebody else has chosen. */
  private async react(first: Actor, random: Random): Promise<void> {
    const others = this.actors.filter((actor) => actor !== first && actor.present && random.percent(40));
    await Promise.all([first, ...others].map(async (actor) => {
      const said = random.pick(this.readable(actor));
      const emoji = encodeURIComponent(random.pick(EMOJIS)!);
      if (said) await call(actor.who, random.percent(70) ? "PUT" : "DELETE", `${this.path(said.id)}/reactions/${emoji}`);
    }));
  }

  private mentioned(random: Random): string[] {
    return this.actors.filter((actor) => (actor.present || !this.source) && random.percent(50)).map(({ who }) => who.id);
  }

  private readable(actor: Actor) {
    return this.seen(actor).filter((said) => !said.deleted);
  }

  private async delete(actor: Actor, random: Random): Promise<void> {
    const said = random.pick(this.seen(actor).filter((said) => said.sender === actor || actor.moderator));
    if (!said) return;
    await call(actor.who, "DELETE", this.path(said.id));
    said.deleted = true;
  }

  private async read(actor: Actor, random: Random): Promise<void> {
    const said = random.pick(this.readable(actor));
    if (said) await call(actor.who, "POST", `/chats/${this.chatId}/read`, { messageId: said.id });
  }

  /** Changes some of their own settings. */
  private async set(actor: Actor, random: Random): Promise<void> {
    const settings = {
      mutedUntil: random.percent(50) ? null : new Date(Date.now() + 3_600_000).toISOString(),
      notify: random.pick(["all", "mentions", "none"]),
      archived: random.percent(50),
      pinned: random.percent(50),
      markedUnread: random.percent(50),
    };
    const changes = Object.entries(settings).filter(() => random.percent(50));
    if (changes.length > 0) await call(actor.who, "PATCH", `/chats/${this.chatId}/me`, Object.fromEntries(changes));
  }

  private async leave(actor: Actor): Promise<void> {
    actor.present = false;
    if (this.source && actor.moderator) {
      await sql`select chat_tests.remove_authors(${[this.source.event]}, ${[actor.who.id]})`;
    } else if (this.source && this.said.length % 2) {
      await sql`select chat_tests.remove_members(${[this.source.room]}, ${[actor.who.id]})`;
    } else {
      await call(actor.who, "DELETE", `/chats/${this.chatId}`);
      if (!this.source) actor.from = this.said.length;
    }
  }

  private async comeBack(actor: Actor): Promise<void> {
    actor.present = true;
    const { id } = actor.who;
    if (!this.source) {
      const [other] = this.actors.filter((each) => each !== actor);
      await call(actor.who, "POST", "/chats", { type: "direct", participantIds: [other!.who.id] });
    } else if (actor.moderator) {
      await sql`select chat_tests.add_authors(${[this.source.event]}, ${[id]})`;
    } else {
      const { room } = this.source;
      // Who left by themselves is a member still, and is brought back by becoming one anew.
      await sql`select chat_tests.remove_members(${[room]}, ${[id]})`;
      await sql`select chat_tests.add_members(${[room]}, ${[id]})`;
    }
  }

  private seen(actor: Actor) {
    return this.said.slice(actor.from);
  }

  private path(messageId: string): string {
    return `/chats/${this.chatId}/messages/${messageId}`;
  }
}
