import { useEffect, useSyncExternalStore } from "react";
import { useConnection, useUnread } from "supabase-chat-client/react";
import { ChatList } from "./ChatList.tsx";
import { Conversation } from "./Conversation.tsx";
import { Avatar, IconButton } from "./parts.tsx";
import { nameOf } from "./people.ts";

const CONNECTION = { live: "Connected", polling: "No live connection: asking every few seconds", offline: "Offline: messages wait" };

function onHash(changed: () => void) {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

export function Messenger({ me, signOut }: { me: string; signOut: () => void }) {
  // The chat of the URL's fragment.
  const open = useSyncExternalStore(onHash, () => location.hash.slice(1));
  const setOpen = (id: string) => void (location.hash = id);
  const connection = useConnection();
  const unread = useUnread();
  useEffect(() => {
    document.title = `${unread.messages ? `(${unread.messages}) ` : ""}${nameOf(me)} · Chat`;
  }, [unread, me]);
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
        <ChatList me={me} open={open} setOpen={setOpen} />
      </nav>
      <main>
        {open
          ? <Conversation key={open} id={open} me={me} close={() => setOpen("")} />
          : <p className="nothing">Choose a chat, or begin a new one.</p>}
      </main>
    </div>
  );
}
