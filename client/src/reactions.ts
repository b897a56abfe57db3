/** The user's own reactions that the server has not confirmed yet. */
import type { Api } from "./api.ts";
import { asChatError } from "./errors.ts";
import type { Message, Reaction } from "./models.ts";
import { payloadOf } from "./shapes.ts";

/** How many people a reaction names at most. */
const MOST_NAMED = 20;

export interface OwnReactionsOptions {
  api: Api;
  me: string;
  /** The wishes for a chat are others. */
  changed(chatId: string): void;
  answered(message: Message): void;
}

interface Wish {
  readonly messageId: string;
  readonly emoji: string;
  isOn: boolean;
  /** Of all taps since the first one that is not confirmed. */
  done: Promise<Message>;
}

/** Shows each reaction at once. Taps on one emoji go one after another, and the last one counts. */
export class OwnReactions {
  #options: OwnReactionsOptions;
  #wishes = new Map<string, Wish>();

  constructor(options: OwnReactionsOptions) {
    this.#options = options;
  }

  set(chatId: string, messageId: string, emoji: string, isOn: boolean): Promise<Message> {
    const key = `${messageId} ${emoji}`;
    let wish = this.#wishes.get(key);
    if (wish) wish.isOn = isOn;
    else {
      this.#wishes.set(key, (wish = { messageId, emoji, isOn } as Wish));
      wish.done = this.#send(chatId, key, wish);
    }
    this.#options.changed(chatId);
    return wish.done;
  }

  /** The messages as they will be. */
  show(messages: readonly Message[]): readonly Message[] {
    const { me } = this.#options;
    const wishes = [...this.#wishes.values()];
    const shown = (message: Message) =>
      wishes.filter(({ messageId }) => messageId === message.id).reduce((each, wish) => withWish(each, wish, me), message);
    return wishes.length > 0 ? messages.map(shown) : messages;
  }

  async #send(chatId: string, key: string, wish: Wish): Promise<Message> {
    const { api, changed, answered } = this.#options;
    const { messageId, emoji } = wish;
    try {
      for (;;) {
        const { isOn } = wish;
        try {
          const message = await api.react(chatId, messageId, emoji, isOn);
          answered(message);
          if (wish.isOn === isOn) return message;
        } catch (error) {
          // If the user has changed their mind, the next answer counts.
          if (wish.isOn === isOn) throw asChatError(error);
        }
      }
    } finally {
      this.#wishes.delete(key);
      changed(chatId);
    }
  }
}

/** The reactions of an event, which do not say whose they are; they follow those of `held`. */
export function withMine({ reactions }: Message, held: Message | undefined, reaction: unknown, me: string): readonly Reaction[] {
  const { userId, emoji: changed, added } = payloadOf(reaction);
  return reactions.map((each) => {
    const { emoji, userIds } = each;
    const was = held?.reactions.find((before) => before.emoji === emoji)?.mine ?? false;
    // The list of people may be too short to tell.
    return { ...each, mine: userIds.includes(me) || (userId === me && emoji === changed ? added === true : was) };
  });
}

function withWish(message: Message, { emoji, isOn }: Wish, me: string): Message {
  const { reactions } = message;
  const held = reactions.find((each) => each.emoji === emoji);
  const { mine, count, userIds } = held ?? { mine: false, count: 0, userIds: [] };
  if (mine === isOn) return message;
  const others = userIds.filter((id) => id !== me);
  const next = { emoji, mine: isOn, count: count + (isOn ? 1 : -1), userIds: isOn ? [...others, me].slice(0, MOST_NAMED) : others };
  const all = held ? reactions.map((each) => (each === held ? next : each)) : [...reactions, next];
  return { ...message, reactions: all.filter((each) => each.count > 0) };
}
