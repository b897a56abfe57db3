import { useState } from "react";
import type { ChatApiError, Message, Reactor } from "supabase-chat-client";
import type { UsedChat } from "supabase-chat-client/react";
import { nameOf } from "./people.ts";

const EMOJIS = ["👍", "❤️", "😂", "🎉", "😮", "😢"];

interface Props {
  message: Message;
  room: UsedChat;
  me: string;
  failed: (error: Pick<ChatApiError, "message">) => void;
}

const tapOf = ({ message, room, failed }: Props) => (emoji: string) => {
  const isMine = message.reactions.some((reaction) => reaction.emoji === emoji && reaction.mine);
  (isMine ? room.unreact : room.react)(message.id, emoji).catch(failed);
};

function namesOf(userIds: readonly string[], count: number, me: string): string {
  const names = userIds.map((id) => (id === me ? "you" : nameOf(id)));
  return names.join(", ") + (count > names.length ? ` and ${count - names.length} more` : "");
}

/** The reactions to a message. A tap adds one's own, or takes it back. */
export function Reactions(props: Props) {
  const { message, me } = props;
  const tap = tapOf(props);
  if (message.reactions.length === 0) return null;
  return (
    <ul className="reactions" aria-label="Reactions">
      {message.reactions.map(({ emoji, count, mine, userIds }) => {
        const names = namesOf(userIds, count, me);
        return (
          <li key={emoji}>
            <button type="button" aria-pressed={mine} aria-label={`${emoji} ${count}: ${names}`} title={names} onClick={() => tap(emoji)}>
              {emoji} {count}
            </button>
          </li>
        );
      })}
    </ul>
  );
}

/** The part of a message's menu that is about reactions: some to choose from, and who has reacted. */
export function ReactionMenu(props: Props) {
  const { message, room, me, failed } = props;
  const tap = tapOf(props);
  const [all, setAll] = useState<readonly Reactor[]>();
  const choose = (emoji: string, button: HTMLElement) => {
    tap(emoji);
    button.closest<HTMLElement>("[popover]")?.hidePopover();
  };
  return (
    <>
      <div className="emojis" role="group" aria-label="React">
        {EMOJIS.map((emoji) => <button key={emoji} type="button" onClick={({ currentTarget }) => choose(emoji, currentTarget)}>{emoji}</button>)}
      </div>
      {message.reactions.length > 0 && (
        <details onToggle={({ currentTarget }) => {
          if (currentTarget.open) room.reactions(message.id).then(({ data }) => setAll(data), failed);
        }}>
          <summary>Who has reacted</summary>
          <ul>{all?.map(({ userId, emoji }) => <li key={userId + emoji}>{emoji} {userId === me ? "You" : nameOf(userId)}</li>)}</ul>
        </details>
      )}
    </>
  );
}
