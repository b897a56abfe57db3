import { useChats, useMentions, useSearch, type UsedPages } from "supabase-chat-client/react";
import type { Goal } from "./Messenger.tsx";
import { Avatar, titleOf, whenOf } from "./parts.tsx";
import { nameOf } from "./people.ts";

interface Props {
  me: string;
  goTo: (goal: Goal) => void;
}

export function Search({ query, ...props }: Props & { query: string }) {
  return <Found {...props} pages={useSearch(query)} nothing="Nothing was found." />;
}

export function Mentions(props: Props) {
  return <Found {...props} pages={useMentions()} nothing="Nobody has mentioned you." />;
}

/** Messages of several chats. A click goes to one of them. */
function Found({ me, goTo, pages, nothing }: Props & { pages: UsedPages; nothing: string }) {
  const { messages, hasMore, isLoading, error, loadMore } = pages;
  const chats = [...(useChats() ?? []), ...(useChats({ archived: true }) ?? [])];
  const chatOf = (id: string) => {
    const chat = chats.find((each) => each.id === id);
    return chat ? titleOf(chat, me) : "A chat";
  };
  return (
    <div className="chats">
      {error && <p role="alert" className="error">{error.message}</p>}
      {isLoading && !messages?.length && <p className="nothing" role="status">Loading…</p>}
      {!isLoading && messages?.length === 0 && <p className="nothing" role="status">{nothing}</p>}
      <ul>
        {messages?.map(({ id, chatId, senderId, text, createdAt }) => (
          <li key={id}>
            <button type="button" className="entry" onClick={() => goTo({ chatId, messageId: id })}>
              <Avatar name={nameOf(senderId)} />
              <b>{senderId === me ? "You" : nameOf(senderId)}<small>{chatOf(chatId)}</small></b>
              <time dateTime={createdAt}>{whenOf(createdAt)}</time>
              <span className="last">{text ?? "A file"}</span>
            </button>
          </li>
        ))}
      </ul>
      {hasMore && <button type="button" onClick={() => void loadMore()}>More</button>}
    </div>
  );
}
