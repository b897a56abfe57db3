import { useEffect, useState, useSyncExternalStore } from "react";
import { useConnection, useUnread } from "supabase-chat-client/react";
import { ChatList, NewChat } from "./ChatList.tsx";
import { Conversation } from "./Conversation.tsx";
import { Mentions, Search } from "./Found.tsx";
import { Avatar, Count, IconButton } from "./parts.tsx";
import { nameOf } from "./people.ts";

const CONNECTION = { live: "Connected", polling: "No live connection: asking every few seconds", offline: "Offline: messages wait" };
const VIEWS = ["Chats", "Mentions", "Archive"] as const;

/** A message to go to. Each wish is a new object. */
export interface Goal {
  readonly chatId: string;
  readonly messageId: string;
}

function onHash(changed: () => void) {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

export function Messenger({ me, signOut }: { me: string; signOut: () => void }) {
  // The chat of the URL's fragment.
  const open = useSyncExternalStore(onHash, () => location.hash.slice(1));
  const setOpen = (id: string) => void (location.hash = id);
  const [view, setView] = useState<(typeof VIEWS)[number]>("Chats");
  const [query, setQuery] = useState("");
  const [goal, setGoal] = useState<Goal>();
  const connection = useConnection();
  const unread = useUnread();
  useEffect(() => {
    document.title = `${unread.messages ? `(${unread.messages > 99 ? "99+" : unread.messages}) ` : ""}${nameOf(me)} · Chat`;
  }, [unread, me]);

  // It is gone to once: another chat ends it.
  useEffect(() => setGoal((before) => (before?.chatId === open ? before : undefined)), [open]);

  function goTo(next: Goal) {
    setOpen(next.chatId);
    setGoal(next);
  }

  return (
    <div className={open ? "messenger with-chat" : "messenger"}>
      <nav className="side" aria-label="Chats">
        <header>
          <Avatar name={nameOf(me)} />
          <div>
            <h1>{nameOf(me)}</h1>
            <small className={`connection ${connection}`} role="status">{CONNECTION[connection]}</small>
          </div>
          <IconButton icon="power" label="Sign out" onClick={signOut} />
        </header>
        <input className="search" type="search" placeholder="Search" aria-label="Search messages" value={query} onChange={({ target }) => setQuery(target.value)} />
        {query.trim() ? <Search query={query} me={me} goTo={goTo} /> : (
          <>
            <div className="views" role="group" aria-label="What to show">
              {VIEWS.map((each) => (
                <button key={each} type="button" aria-pressed={each === view} onClick={() => setView(each)}>
                  {each} {each === "Mentions" && <Count of={unread.mentions} what="unread" />}
                </button>
              ))}
            </div>
            {view === "Chats" && <NewChat me={me} setOpen={setOpen} />}
            {view === "Mentions" ? <Mentions me={me} goTo={goTo} /> : <ChatList me={me} open={open} archived={view === "Archive"} />}
          </>
        )}
      </nav>
      <main>
        {open
          ? <Conversation key={open} id={open} me={me} close={() => setOpen("")} goal={goal?.chatId === open ? goal : undefined} goTo={goTo} />
          : <p className="nothing">Choose a chat, or begin a new one.</p>}
      </main>
    </div>
  );
}
