import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { isPending } from "supabase-chat-client";
import type { UsedChat } from "supabase-chat-client/react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { Bubble, type BubbleProps } from "./Bubble.tsx";
import type { Goal } from "./Messenger.tsx";
import { dayOf, IconButton } from "./parts.tsx";

/** So near to an end, in pixels, more is loaded. */
const NEAR = 600;
/** Within these, in milliseconds, messages of one person stand together. */
const TOGETHER = 5 * 60_000;

type Item = UsedChat["messages"][number];

/** The same before and after a message is sent. */
const keyOf = (item?: Item) => item?.clientId ?? item?.id;

interface Props extends Omit<BubbleProps<Item>, "item" | "isTogether"> {
  goal: Goal | undefined;
}

export function Timeline({ goal, ...props }: Props) {
  const { room, failed } = props;
  const { messages, chat, firstUnreadId, hasOlder, hasNewer } = room;
  const list = useRef<VirtualizerHandle>(null);
  const [isAtEnd, setAtEnd] = useState(!goal && !chat?.unreadCount);
  const sticks = useRef(isAtEnd);
  /** The message that is gone to, or the end: each time a new object. And where the screen has been. */
  const [place, setPlace] = useState<{ id: string }>();
  const been = useRef(place);
  const placeId = place?.id === "unread" ? firstUnreadId : place?.id;
  const last = messages.at(-1);
  const [first, lastKey] = [keyOf(messages[0]), keyOf(last)];

  // Older messages came: what is on the screen stays there.
  const firstBefore = useRef(first);
  const shift = first !== firstBefore.current && messages.some((item) => keyOf(item) === firstBefore.current);
  useLayoutEffect(() => void (firstBefore.current = first), [first]);

  // Opened, it begins at the first unread message. A goal is anywhere.
  useEffect(() => {
    if (goal) void goTo(goal.messageId);
    else if (!isAtEnd) void goTo("unread");
  }, [goal]);

  useLayoutEffect(() => {
    const isEnd = place?.id === "end";
    const index = isEnd ? messages.length - 1 : messages.findIndex(({ id }) => id === placeId);
    if (index < 0 || been.current === place) return;
    been.current = place;
    sticks.current = isEnd;
    list.current?.scrollToIndex(index, { align: isEnd ? "end" : "center" });
  });

  // At the end it stays at the end. Own messages go there.
  useLayoutEffect(() => {
    if (last && isPending(last)) sticks.current = true;
    toEnd();
  }, [lastKey]);

  useEffect(() => {
    const read = () => {
      if (isAtEnd && !hasNewer && document.visibilityState === "visible") room.markRead();
    };
    read();
    document.addEventListener("visibilitychange", read);
    return () => document.removeEventListener("visibilitychange", read);
  }, [lastKey, isAtEnd, hasNewer]);

  async function goTo(messageId: string) {
    sticks.current = false;
    const jump = await room.jumpTo(messageId);
    if (jump === "not_found" && messageId !== "unread") failed({ message: "This message is not available any more." });
    if (jump !== "shown") return;
    setAtEnd(false);
    setPlace({ id: messageId });
  }

  function toEnd() {
    if (sticks.current) list.current?.scrollToIndex(messages.length - 1, { align: "end" });
  }

  function scrolled(isResized = false) {
    const { scrollOffset = 0, scrollSize = 0, viewportSize = 0 } = list.current ?? {};
    const below = scrollSize - viewportSize - scrollOffset;
    // What grows at the end is scrolled to; the user did not leave it.
    if (isResized && sticks.current) toEnd();
    else setAtEnd((sticks.current = below < 40 && !hasNewer));
    if (scrollOffset < NEAR && hasOlder) void room.loadOlder();
    if (below < NEAR && hasNewer) void room.loadNewer();
  }

  async function toNewest() {
    if (hasNewer) await room.loadNewest();
    setPlace({ id: "end" });
  }

  return (
    <div className="timeline">
      {/* It takes the keyboard's arrows. */}
      <div className="scroll" tabIndex={0} role="group" aria-label="Messages">
        <div className="filler" />
        <Virtualizer ref={list} shift={shift} onScroll={() => scrolled()} onResize={() => scrolled(true)}>
          {messages.map((item, index) => {
            const before = messages[index - 1];
            const isNewDay = !before || dayOf(before.createdAt) !== dayOf(item.createdAt);
            const isTogether = !isNewDay && before.senderId === item.senderId && item.id !== firstUnreadId
              && Date.parse(item.createdAt) - Date.parse(before.createdAt) < TOGETHER;
            return (
              <div key={keyOf(item)} className={`row${item === last ? " last" : ""}${item.id === place?.id ? " goal" : ""}`} data-message={item.id}>
                {isNewDay && <p className="divider">{dayOf(item.createdAt)}</p>}
                {item.id === firstUnreadId && <p className="divider new">New messages</p>}
                <Bubble {...props} item={item} isTogether={isTogether} />
              </div>
            );
          })}
        </Virtualizer>
      </div>
      {room.loadingOlder && <p className="loading" role="status">Loading…</p>}
      {(!isAtEnd || hasNewer) && <IconButton icon="down" label="To the newest messages" className="to-newest" onClick={() => void toNewest()} />}
    </div>
  );
}
